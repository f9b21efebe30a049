// What a cell put out, drawn by JupyterLab's own renderers; nothing in it is trusted.
import { type IRenderMime, MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { useLayoutEffect, useRef } from 'react';
import { usePage } from './page';

/** Data by MIME type. */
export type Bundle = Record<string, unknown>;

/** The bundle of an output of a notebook (nbformat 4). */
export function bundleOf(output: Record<string, unknown>): Bundle {
  switch (output.output_type) {
    case 'stream': {
      const isError = output.name === 'stderr';
      const type = isError ? 'application/vnd.jupyter.stderr' : 'application/vnd.jupyter.stdout';
      return { [type]: output.text };
    }
    case 'error': {
      const lines = Array.isArray(output.traceback) ? output.traceback : [];
      const text = lines.join('\n') || `${output.ename}: ${output.evalue}`;
      return { 'application/vnd.jupyter.stderr': text };
    }
    default:
      return (output.data as Bundle | undefined) ?? {};
  }
}

export function Rendered(props: { bundle: Bundle }): JSX.Element {
  const { rendermime } = usePage();
  const host = useRef<HTMLDivElement>(null);
  const text = JSON.stringify(props.bundle);
  useLayoutEffect(() => {
    const node = host.current;
    const bundle = JSON.parse(text) as IRenderMime.IMimeModel['data'];
    const type = rendermime?.preferredMimeType(bundle, 'prefer');
    if (!node || !rendermime || !type) {
      return undefined;
    }
    const widget = rendermime.createRenderer(type);
    Widget.attach(widget, node);
    void widget.renderModel(new MimeModel({ data: bundle, trusted: false }));
    return () => widget.dispose();
  }, [rendermime, text]);
  if (!rendermime) {
    const plain = props.bundle['text/plain'] ?? Object.values(props.bundle)[0];
    return <pre className="jp-MlwsCode">{String(plain ?? '')}</pre>;
  }
  return <div ref={host} className="jp-MlwsRendered jp-OutputArea-output" />;
}
