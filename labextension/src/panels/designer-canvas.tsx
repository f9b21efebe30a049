// The canvas of the designer: steps as boxes with ports, what is handed on as lines.
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  type NodeChange,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  type ReactFlowState,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Designer, StepView } from '../designer/designer';
import {
  ancestors,
  familyOf,
  fits,
  heightOf,
  type IDrawing,
  type IDrawnEdge,
  type IDrawnStep,
  type IPort,
  outputType,
  SOURCE_HEIGHT,
  SOURCE_WIDTH,
  suggested,
  WIDTH,
} from '../designer/drawing';
import {
  type INote,
  type ISource,
  keepNotes,
  type Place,
  setAfter,
  setField,
  setInput,
} from '../designer/pipelinefile';
import { useLanguage } from '../ui/context';
import { useSignal } from '../ui/hooks';
import { StepMark } from './designer-state';

/** What is dragged from the palette, as JSON. */
export const STEP_MIME = 'application/x-mlws-step';

export interface IPaletteStep {
  name: string;
  said: Readonly<Record<string, unknown>>;
  /** Whether it is an input of the pipeline, such as data, and no step. */
  isSource?: boolean;
}

type StepNode = Node<
  { drawn: IDrawnStep; view: StepView | null; onOpen: (key: string) => void },
  'step'
>;
type NoteNode = Node<{ note: INote; onChange: (text: string | null) => void }, 'note'>;
type SourceNode = Node<{ source: ISource }, 'source'>;
type AnyNode = StepNode | NoteNode | SourceNode;

export interface ICanvasProps {
  designer: Designer;
  /** How steps stand, by key; null while the pipeline is only drawn. */
  views: ReadonlyMap<string, StepView> | null;
  onOpen: (key: string) => void;
}

const NODE_TYPES = { step: memo(StepBox), source: memo(SourceBox), note: memo(NoteBox) };
/** Scale below which no text of a step can be read. */
const FAR = 0.28;
const isFarAway = (state: ReactFlowState): boolean => state.transform[2] < FAR;
/** Edges up to which some may move: each frame of one draws all of them again. */
const MOST_ANIMATED = 100;
const FIT = { padding: 0.15, maxZoom: 1 };

export function DesignerCanvas(props: ICanvasProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow({ designer, views, onOpen }: ICanvasProps): JSX.Element {
  const { trans } = useLanguage();
  useSignal(designer.changed);
  const flow = useReactFlow<AnyNode, Edge>();
  const isFar = useStore(isFarAway);
  const { drawing, pipeline, selection } = designer;
  const reuse = useReused<AnyNode>();
  const drawn = useMemo(
    () => reuse(nodesOf(designer, drawing, pipeline.notes, selection, views, onOpen), isSameNode),
    [designer, drawing, pipeline, selection, views, onOpen, reuse],
  );
  // React Flow moves its own copies while something is dragged; the file hears of it at the end.
  const [nodes, setNodes] = useState<AnyNode[]>(drawn);
  useEffect(() => setNodes(drawn), [drawn]);
  const suggestions = useMemo(() => suggested(drawing), [drawing]);
  const reuseEdges = useReused<Edge>();
  const isAnimated = drawing.edges.length <= MOST_ANIMATED;
  const edges = useMemo(
    () =>
      reuseEdges(
        [
          ...drawing.edges.map(edge => edgeOf(edge, views, false, isAnimated)),
          ...suggestions.map(edge => edgeOf(edge, views, true, false)),
        ],
        isSameEdge,
      ),
    [drawing, suggestions, views, isAnimated, reuseEdges],
  );

  const onNodesChange = useCallback(
    (changes: NodeChange<AnyNode>[]) => {
      setNodes(now => applyNodeChanges(changes, now));
      const keys = new Set(designer.selection);
      for (const change of changes) {
        if (change.type === 'select' && !isNote(change.id)) {
          change.selected ? keys.add(change.id) : keys.delete(change.id);
        }
      }
      designer.select(keys);
    },
    [designer],
  );
  const finishMove = useCallback(
    (_: unknown, __: unknown, moved: AnyNode[]) => {
      const places: Record<string, Place> = {};
      for (const node of moved.filter(item => item.type !== 'note')) {
        places[node.id] = [node.position.x, node.position.y];
      }
      if (Object.keys(places).length > 0) {
        designer.move(places);
      }
      const notes = new Map(moved.filter(n => n.type === 'note').map(n => [n.id, n.position]));
      if (notes.size > 0) {
        designer.edit(text =>
          keepNotes(
            text,
            designer.pipeline.notes.map(note => {
              const at = notes.get(`note:${note.id}`);
              return at ? { ...note, at: [at.x, at.y] } : note;
            }),
          ),
        );
      }
    },
    [designer],
  );
  const finishSelection = useCallback(
    (event: unknown, moved: AnyNode[]) => finishMove(event, null, moved),
    [finishMove],
  );
  // Of its own functions React Flow takes a new one for news about every node and edge.
  const openNode = useCallback(
    (_: unknown, node: AnyNode) => node.type === 'step' && onOpen(node.id),
    [onOpen],
  );
  const joinSuggested = useCallback(
    (_: unknown, edge: Edge) => {
      const wanted = suggestions.find(item => suggestionId(item) === edge.id);
      if (wanted) {
        designer.join(wanted.source, wanted.output, wanted.target, wanted.input);
      }
    },
    [designer, suggestions],
  );
  const releaseEdges = useCallback((gone: Edge[]) => release(designer, gone), [designer]);
  const removeNodes = useCallback((gone: AnyNode[]) => remove(designer, gone), [designer]);
  const isValid = useCallback(
    (connection: Connection | Edge) => canJoin(designer, connection),
    [designer],
  );
  const join = useCallback(
    (connection: Connection) => {
      const [output, input] = [portOf(connection.sourceHandle), portOf(connection.targetHandle)];
      if (output && input) {
        designer.join(connection.source, output, connection.target, input);
      } else {
        const target = designer.pipeline.steps.find(step => step.key === connection.target);
        designer.edit(text =>
          setAfter(text, connection.target, [
            ...new Set([...(target?.after ?? []), connection.source]),
          ]),
        );
      }
    },
    [designer],
  );
  const drop = (event: React.DragEvent): void => {
    const said = event.dataTransfer.getData(STEP_MIME);
    if (said) {
      event.preventDefault();
      const step = JSON.parse(said) as IPaletteStep;
      const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
      if (step.isSource) {
        const place: Place = [at.x - SOURCE_WIDTH / 2, at.y - SOURCE_HEIGHT / 2];
        const { left } = event.currentTarget.getBoundingClientRect();
        const edge = flow.screenToFlowPosition({ x: left + 10, y: 0 }).x;
        const to = portAt(designer, event.target as HTMLElement, step);
        designer.addSource(step.name, step.said, to ? besides(designer, to.step, edge) : place, to);
      } else {
        designer.add(step.name, step.said, [at.x - WIDTH / 2, at.y - 20]);
      }
    }
  };
  // A file that is opened is shown whole, and once more when its ports are known and it has grown.
  const isEmpty = drawing.steps.length === 0;
  const shape = `${isEmpty}, ${designer.graph.value !== null}`;
  const lastShape = useRef('');
  useEffect(() => {
    if (isEmpty || lastShape.current === shape) {
      return undefined;
    }
    lastShape.current = shape;
    const frame = window.requestAnimationFrame(() => void flow.fitView(FIT));
    return () => window.cancelAnimationFrame(frame);
  }, [flow, isEmpty, shape]);

  return (
    <div
      className="jp-MlwsCanvas"
      role="application"
      aria-label={trans.__('Canvas')}
      data-mlws-canvas
      data-far={isFar || undefined}
      onDragOver={event => {
        if (event.dataTransfer.types.includes(STEP_MIME)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'copy';
        }
      }}
      onDrop={drop}
      onKeyDown={event => {
        if (event.key === '!' || (event.shiftKey && event.code === 'Digit1')) {
          void flow.fitView(FIT);
        }
      }}
    >
      <ReactFlow<AnyNode, Edge>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodesChange={onNodesChange}
        onNodeDragStop={finishMove}
        onSelectionDragStop={finishSelection}
        onNodeDoubleClick={openNode}
        isValidConnection={isValid}
        onConnect={join}
        onEdgeClick={joinSuggested}
        onEdgesDelete={releaseEdges}
        onNodesDelete={removeNodes}
        deleteKeyCode={['Delete', 'Backspace']}
        multiSelectionKeyCode={['Shift', 'Control', 'Meta']}
        snapToGrid
        snapGrid={[10, 10]}
        minZoom={0.1}
        maxZoom={2}
        fitView
        fitViewOptions={FIT}
        proOptions={{ hideAttribution: true }}
        aria-label={trans.__('Steps of the pipeline')}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        <Controls
          showInteractive={false}
          fitViewOptions={FIT}
          aria-label={trans.__('Zoom')}
          position="bottom-left"
        />
        <MiniMap
          pannable
          zoomable
          style={{ width: 130, height: 96 }}
          ariaLabel={trans.__('Overview of the pipeline')}
          nodeClassName={stateClass}
        />
      </ReactFlow>
    </div>
  );
}

/** Objects of the last drawing for what is the same in this one: React Flow draws only what is new. */
function useReused<T extends { id: string }>(): (
  now: readonly T[],
  isSame: (one: T, other: T) => boolean,
) => T[] {
  const last = useRef(new Map<string, T>());
  return useCallback((now, isSame) => {
    const kept = now.map(item => {
      const old = last.current.get(item.id);
      return old && isSame(old, item) ? old : item;
    });
    last.current = new Map(kept.map(item => [item.id, item]));
    return kept;
  }, []);
}

function isSameNode(one: AnyNode, other: AnyNode): boolean {
  // A note is written again each time: its change is bound to the text of the moment.
  return (
    one.type !== 'note' &&
    one.selected === other.selected &&
    one.position.x === other.position.x &&
    one.position.y === other.position.y &&
    Object.entries(other.data).every(
      ([key, value]) => (one.data as Record<string, unknown>)[key] === value,
    )
  );
}

function isSameEdge(one: Edge, other: Edge): boolean {
  return (
    one.data?.edge === other.data?.edge &&
    one.animated === other.animated &&
    one.className === other.className
  );
}

function StepBox({ id, data, selected }: NodeProps<StepNode>): JSX.Element {
  const { trans } = useLanguage();
  const { drawn, view, onOpen } = data;
  const { step, inputs, outputs, problems } = drawn;
  const names = [
    'jp-MlwsStep',
    selected && 'jp-mod-selected',
    problems.length > 0 && 'jp-mod-wrong',
  ];
  return (
    <div
      className={names.filter(Boolean).join(' ')}
      data-mlws-step={id}
      data-state={view?.state}
      style={{ width: WIDTH, minHeight: heightOf(drawn) }}
    >
      <Handle type="target" id="after" position={Position.Left} className="jp-MlwsStep-after" />
      <Handle type="source" id="before" position={Position.Right} className="jp-MlwsStep-after" />
      <div className="jp-MlwsStep-head">
        <div className="jp-MlwsStep-name">
          <strong title={step.label}>{step.label}</strong>
          {view ? (
            <StepMark view={view} />
          ) : (
            problems.length > 0 && (
              <span
                className="jp-MlwsStep-problems"
                role="img"
                title={problems.join('\n')}
                aria-label={trans._n('%1 problem', '%1 problems', problems.length)}
              >
                {problems.length}
              </span>
            )
          )}
        </div>
        <div className="jp-MlwsStep-source" title={step.source}>
          <span className="jp-MlwsStep-type">{step.type}</span> {firstLine(step.source)}
        </div>
      </div>
      <div className="jp-MlwsStep-ports">
        <ul>
          {inputs.map(port => (
            <PortMark
              key={port.name}
              port={port}
              side="in"
              isMissing={port.required && step.inputs[port.name] === undefined}
            />
          ))}
        </ul>
        <ul className="jp-mod-out">
          {outputs.map(port => (
            <PortMark key={port.name} port={port} side="out" isMissing={false} />
          ))}
        </ul>
      </div>
      {view?.job && (
        <button type="button" className="jp-MlwsStep-open nodrag" onClick={() => onOpen(id)}>
          {trans.__('Open run')}
        </button>
      )}
    </div>
  );
}

function PortMark(props: { port: IPort; side: 'in' | 'out'; isMissing: boolean }): JSX.Element {
  const { port, side, isMissing } = props;
  const title = [`${port.name}: ${port.type}`, port.description].filter(Boolean).join('\n');
  const isIn = side === 'in';
  return (
    <li
      className={isMissing ? 'jp-mod-missing' : undefined}
      title={title}
      data-mlws-port={isIn ? port.name : undefined}
    >
      <Handle
        type={isIn ? 'target' : 'source'}
        id={`${side}:${port.name}`}
        position={isIn ? Position.Left : Position.Right}
        className={`jp-MlwsPort jp-mod-${familyOf(port.type)}`}
      />
      <span>{port.name}</span>
    </li>
  );
}

/** Data or a model that the pipeline is given. */
function SourceBox({ data, selected }: NodeProps<SourceNode>): JSX.Element {
  const { source } = data;
  return (
    <div
      className={`jp-MlwsSource ${selected ? 'jp-mod-selected' : ''}`}
      style={{ width: SOURCE_WIDTH, height: SOURCE_HEIGHT }}
      title={`${source.name}: ${source.type}\n${source.path}`}
      data-mlws-source={source.name}
    >
      <strong>{source.name}</strong>
      <small>{source.path.replace(/^azureml:/, '')}</small>
      <Handle
        type="source"
        id={`out:${source.name}`}
        position={Position.Right}
        className={`jp-MlwsPort jp-mod-${familyOf(source.type)}`}
      />
    </div>
  );
}

function NoteBox({ data, selected }: NodeProps<NoteNode>): JSX.Element {
  const { trans } = useLanguage();
  const [text, setText] = useState(data.note.text);
  useEffect(() => setText(data.note.text), [data.note.text]);
  return (
    <div className={`jp-MlwsNote ${selected ? 'jp-mod-selected' : ''}`}>
      <textarea
        className="nodrag nowheel"
        aria-label={trans.__('Note')}
        value={text}
        placeholder={trans.__('A note')}
        onChange={event => setText(event.target.value)}
        onBlur={() => data.onChange(text)}
        onKeyDown={event => event.stopPropagation()}
      />
    </div>
  );
}

function nodesOf(
  designer: Designer,
  drawing: IDrawing,
  notes: readonly INote[],
  selection: ReadonlySet<string>,
  views: ICanvasProps['views'],
  onOpen: (key: string) => void,
): AnyNode[] {
  const steps = drawing.steps.map<StepNode>(drawn => ({
    id: drawn.step.key,
    type: 'step',
    position: { x: drawn.place[0], y: drawn.place[1] },
    width: WIDTH,
    height: heightOf(drawn),
    selected: selection.has(drawn.step.key),
    data: { drawn, view: views?.get(drawn.step.key) ?? null, onOpen },
    ariaLabel: `${drawn.step.label}, ${drawn.step.type}`,
  }));
  const sources = drawing.sources.map<SourceNode>(({ source, place }) => ({
    id: source.key,
    type: 'source',
    position: { x: place[0], y: place[1] },
    width: SOURCE_WIDTH,
    height: SOURCE_HEIGHT,
    selected: selection.has(source.key),
    data: { source },
    ariaLabel: `${source.name}, ${source.type}`,
  }));
  const noteNodes = notes.map<NoteNode>(note => ({
    id: `note:${note.id}`,
    type: 'note',
    position: { x: note.at[0], y: note.at[1] },
    data: {
      note,
      onChange: text => {
        if (text !== null && text !== note.text) {
          designer.edit(file =>
            keepNotes(
              file,
              designer.pipeline.notes.map(other =>
                other.id === note.id ? { ...other, text } : other,
              ),
            ),
          );
        }
      },
    },
  }));
  return [...steps, ...sources, ...noteNodes];
}

/** The port on which data was dropped, where it fits. */
function portAt(
  designer: Designer,
  target: HTMLElement,
  { said }: IPaletteStep,
): { step: string; input: string } | undefined {
  const input = target.closest<HTMLElement>('[data-mlws-port]')?.dataset.mlwsPort;
  const step = target.closest<HTMLElement>('[data-mlws-step]')?.dataset.mlwsStep;
  const drawn = designer.drawing.steps.find(item => item.step.key === step);
  const port = drawn?.inputs.find(item => item.name === input);
  return step && port && fits(String(said.type), port.type)
    ? { step, input: port.name }
    : undefined;
}

/** A place to the left of a step; above it where there is no room up to `edge`. */
function besides(designer: Designer, key: string, edge: number): Place {
  const [x, y] = designer.drawing.steps.find(item => item.step.key === key)?.place ?? [0, 0];
  const wanted = x - SOURCE_WIDTH - 60;
  return wanted >= edge ? [wanted, y] : [edge, y - SOURCE_HEIGHT - 30];
}

function isNote(id: string): boolean {
  return id.startsWith('note:');
}

function suggestionId(edge: IDrawnEdge): string {
  return `suggested:${edge.id}`;
}

function edgeOf(
  edge: IDrawnEdge,
  views: ICanvasProps['views'],
  suggestion: boolean,
  isAnimated: boolean,
): Edge {
  const isOrder = edge.kind !== 'data' || !edge.input;
  const state = views?.get(edge.target)?.state;
  return {
    id: suggestion ? suggestionId(edge) : edge.id,
    source: edge.source,
    target: edge.target,
    sourceHandle: edge.output ? `out:${edge.output}` : 'before',
    targetHandle: isOrder ? 'after' : `in:${edge.input}`,
    markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
    animated: isAnimated && state === 'running',
    className: `jp-MlwsEdge jp-mod-${edge.kind}${suggestion ? ' jp-mod-suggested' : ''}`,
    deletable: !suggestion,
    focusable: true,
    data: { edge },
    ...(edge.kind === 'control' && { label: edge.input.replace('_block', '') }),
    ...(suggestion && { label: '+' }),
  };
}

/** Whether a port fits another, and no circle would be closed. */
function canJoin(designer: Designer, connection: Connection | Edge): boolean {
  const { drawing } = designer;
  const { source, target } = connection;
  if (source === target || ancestors(drawing.edges, source).has(target)) {
    return false;
  }
  const output = portOf(connection.sourceHandle ?? null);
  const input = portOf(connection.targetHandle ?? null);
  if (!output || !input) {
    return !output && !input;
  }
  const to = drawing.steps.find(item => item.step.key === target);
  const given = outputType(drawing, source, output);
  const taken = to?.inputs.find(port => port.name === input)?.type ?? 'any';
  return fits(given, taken);
}

function remove(designer: Designer, gone: readonly AnyNode[]): void {
  designer.remove(gone.filter(node => node.type !== 'note').map(node => node.id));
  const notes = new Set(gone.filter(node => node.type === 'note').map(node => node.id));
  if (notes.size > 0) {
    designer.edit(text =>
      keepNotes(
        text,
        designer.pipeline.notes.filter(note => !notes.has(`note:${note.id}`)),
      ),
    );
  }
}

function stateClass(node: AnyNode): string {
  return `jp-mod-${String((node.data as StepNode['data']).view?.state)}`;
}

function release(designer: Designer, gone: readonly Edge[]): void {
  for (const { data } of gone) {
    const edge = data?.edge as IDrawnEdge | undefined;
    const target = designer.pipeline.steps.find(step => step.key === edge?.target);
    if (edge?.kind === 'data' && edge.input) {
      designer.edit(text => setInput(text, edge.target, edge.input, undefined));
    } else if (edge?.kind === 'order') {
      const after = (target?.after ?? []).filter(key => key !== edge.source);
      designer.edit(text => setAfter(text, edge.target, after));
    } else if (edge?.kind === 'control') {
      designer.edit(text => setField(text, edge.source, [edge.input], undefined));
    }
  }
}

function portOf(handle: string | null): string {
  return /^(?:in|out):(.+)$/.exec(handle ?? '')?.[1] ?? '';
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
