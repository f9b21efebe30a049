// The ML Workspace panel on the left: a head, and sections one can fold.
import {
  addIcon,
  launchIcon,
  PanelWithToolbar,
  SidePanel,
  ToolbarButton,
} from '@jupyterlab/ui-components';
import { type ISignal, Signal } from '@lumino/signaling';
import { type AccordionPanel, Menu } from '@lumino/widgets';
import type { State } from '../model/state';
import { CommandIDs, type IPanelSection } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button, Search } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { ConnectionMark, ConnectionNotice } from './connection';
import { execute, type IPage, PageWidget, usePage } from './page';

/** Draws `content` again with the text in the search box as it changes. */
export function Searched(props: {
  search: State<string>;
  content: (text: string) => JSX.Element;
}): JSX.Element {
  useSignal(props.search.changed);
  return props.content(props.search.value);
}

/** Which sections are folded, by id. */
export type Folded = Record<string, boolean>;

/** Shares of the height that sections get at first, by id; those of others get 2. */
const SHARES: Readonly<Record<string, number>> = { activity: 3, runs: 4, compute: 3 };

export class WorkspacePanel extends SidePanel {
  constructor(
    private readonly _page: IPage,
    search: State<string>,
  ) {
    super({ translator: _page.workspace.translator });
    this.id = 'mlws-panel';
    this.addClass('jp-MlwsWorkspacePanel');
    this.header.addWidget(new PageWidget(_page, () => <Head search={search} />));
    this._showSections();
    _page.workspace.panelsChanged.connect(this._showSections, this);
    const accordion = this.content as AccordionPanel;
    accordion.expansionToggled.connect((_, index) => {
      const section = this._sections[index];
      const isHidden = this.widgets[index]?.isHidden ?? false;
      if (section && isHidden !== this._isFolded(section)) {
        this._folded = { ...this._folded, [section.id]: isHidden };
        this._foldedChanged.emit(this._folded);
      }
    });
  }

  /** Fold and unfold sections as they were left. */
  fold(folded: Folded): void {
    this._folded = folded;
    const accordion = this.content as AccordionPanel;
    this._sections.forEach((section, index) => {
      if (this._isFolded(section)) {
        accordion.collapse(index);
      } else {
        accordion.expand(index);
      }
    });
  }

  /** Fires with all of it when a section was folded or unfolded. */
  get foldedChanged(): ISignal<this, Folded> {
    return this._foldedChanged;
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  private _isFolded(section: IPanelSection): boolean {
    return this._folded[section.id] ?? section.startsFolded ?? false;
  }

  private _showSections(): void {
    const { panels, trans } = this._page.workspace;
    if (panels === this._sections) {
      return;
    }
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
    this._sections = panels;
    for (const section of panels) {
      const holder = new PanelWithToolbar();
      holder.addClass('jp-MlwsPanelSection');
      holder.title.label = section.title;
      holder.title.caption = section.title;
      holder.title.dataset = { mlwsSection: section.id };
      holder.node.dataset.mlwsSection = section.id;
      const { openCommand, openArgs } = section;
      if (openCommand) {
        holder.toolbar.addItem(
          'open',
          new ToolbarButton({
            icon: launchIcon,
            tooltip: trans.__('Open all as a page'),
            onClick: () => execute(this._page, openCommand, openArgs),
          }),
        );
      }
      holder.addWidget(section.create());
      this.addWidget(holder);
      if (this._isFolded(section)) {
        (this.content as AccordionPanel).collapse(this.widgets.length - 1);
      }
    }
    const shares = panels.map(section => SHARES[section.id] ?? 2);
    (this.content as AccordionPanel).setRelativeSizes(shares);
  }

  private _folded: Folded = {};
  private _sections: readonly IPanelSection[] = [];
  private readonly _foldedChanged = new Signal<this, Folded>(this);
}

function Head(props: { search: State<string> }): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  const { models } = page.workspace;
  const info = useResource(models.info).value;
  useSignal(props.search.changed);
  const openMenu = (event: React.MouseEvent): void => {
    const menu = new Menu({ commands: page.commands });
    for (const command of [CommandIDs.runDialog, CommandIDs.openRuns, CommandIDs.openExample]) {
      if (page.commands.hasCommand(command)) {
        menu.addItem({ command });
      }
    }
    const box = event.currentTarget.getBoundingClientRect();
    menu.open(box.left, box.bottom);
  };
  return (
    <div className="jp-MlwsHead">
      <div className="jp-MlwsHead-row">
        <h2 className="jp-MlwsHead-name" title={info?.path}>
          {info?.name ?? trans.__('ML Workspace')}
        </h2>
        <ConnectionMark compact />
        <Button
          minimal
          icon={addIcon}
          title={trans.__('New…')}
          aria-haspopup="menu"
          onClick={openMenu}
        />
      </div>
      <Search
        label={trans.__('Search runs')}
        placeholder={trans.__('Search: name, failed, @me')}
        value={props.search.value}
        onChange={text => {
          props.search.value = text;
        }}
        onKeyDown={event => {
          if (event.key === 'Enter' && props.search.value) {
            execute(page, CommandIDs.openRuns, { search: props.search.value });
          }
        }}
      />
      <ConnectionNotice />
    </div>
  );
}
