// A path beside the notebook: typed, or chosen from the folder.
import '../../style/rundialog.css';
import type { Contents } from '@jupyterlab/services';
import { fileIcon, folderIcon } from '@jupyterlab/ui-components';
import { useEffect, useRef, useState } from 'react';
import { folderOf } from '../drive/path';
import { joinedPath, relativePath } from '../jobform/paths';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import type { IControlIds } from './rundialog-fields';

export interface IPathControlProps {
  ids: IControlIds;
  text: string;
  /** Path of the file beside which relative paths start. */
  folder: string;
  wantsFolder: boolean;
  contents: Pick<Contents.IManager, 'get'>;
  onChange: (text: string) => void;
}

/** JupyterLab shows one dialog at a time, so files are chosen in place. */
export function PathControl(props: IPathControlProps): JSX.Element {
  const { ids, text, onChange } = props;
  const { trans } = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const close = (): void => {
    setOpen(false);
    input.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from wherever the focus is in it
    <div
      className="jp-MlwsPath"
      data-open={isOpen}
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          event.stopPropagation();
          close();
        }
      }}
    >
      <div className="jp-MlwsPath-line">
        <input
          {...ids}
          ref={input}
          className="jp-mod-styled"
          type="text"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={event => onChange(event.target.value)}
        />
        <Button
          icon={folderIcon}
          title={props.wantsFolder ? trans.__('Choose a folder') : trans.__('Choose a file')}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      </div>
      {isOpen && (
        <FolderList
          {...props}
          onChoose={path => {
            onChange(path);
            close();
          }}
        />
      )}
    </div>
  );
}

function FolderList(props: IPathControlProps & { onChoose: (path: string) => void }): JSX.Element {
  const { contents, wantsFolder } = props;
  const { trans } = useLanguage();
  const home = folderOf(props.folder);
  const [folder, setFolder] = useState(home);
  const [items, setItems] = useState<readonly Contents.IModel[] | null>(null);
  const [problem, setProblem] = useState('');
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    let isWanted = true;
    setProblem('');
    contents
      .get(folder, { type: 'directory', content: true })
      .then(model => {
        if (isWanted) {
          setItems(sorted(model.content as Contents.IModel[], wantsFolder));
        }
      })
      .catch((error: unknown) => {
        if (isWanted) {
          setProblem(error instanceof Error ? error.message : String(error));
        }
      });
    return () => {
      isWanted = false;
    };
  }, [contents, folder, wantsFolder]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another folder is shown
  useEffect(() => {
    list.current?.querySelector<HTMLElement>('button')?.focus();
  }, [items]);

  return (
    <div className="jp-MlwsPath-popup">
      <div className="jp-MlwsPath-where">/{folder}</div>
      {problem && <div className="jp-MlwsField-problem">{problem}</div>}
      <ul ref={list} aria-label={trans.__('Files in %1', `/${folder}`)} onKeyDown={moveInList}>
        {folder !== '' && (
          <Entry icon={folderIcon} name=".." onClick={() => setFolder(folderOf(folder))} />
        )}
        {wantsFolder && (
          <Entry
            icon={folderIcon}
            name={trans.__('Take this folder')}
            onClick={() => props.onChoose(relativePath(home, folder))}
          />
        )}
        {items?.map(item => (
          <Entry
            key={item.path}
            icon={item.type === 'directory' ? folderIcon : fileIcon}
            name={item.name}
            onClick={() =>
              item.type === 'directory'
                ? setFolder(joinedPath(folder, item.name))
                : props.onChoose(relativePath(home, joinedPath(folder, item.name)))
            }
          />
        ))}
        {items?.length === 0 && !wantsFolder && (
          <li className="jp-MlwsRun-hint">{trans.__('This folder is empty.')}</li>
        )}
      </ul>
    </div>
  );
}

function Entry(props: { icon: typeof fileIcon; name: string; onClick: () => void }): JSX.Element {
  const { icon: Icon, name, onClick } = props;
  return (
    <li>
      <button type="button" onClick={onClick}>
        <Icon.react tag="span" className="jp-MlwsPath-icon" elementSize="normal" />
        {name}
      </button>
    </li>
  );
}

/** Folders first, by name; without files where a folder is wanted. */
function sorted(items: readonly Contents.IModel[], wantsFolder: boolean): Contents.IModel[] {
  const rank = (item: Contents.IModel): number => (item.type === 'directory' ? 0 : 1);
  return items
    .filter(item => !wantsFolder || item.type === 'directory')
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function moveInList(event: React.KeyboardEvent<HTMLElement>): void {
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  const to: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: buttons.length - 1,
  };
  const next = to[event.key];
  if (next !== undefined) {
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, next))]?.focus();
  }
}
