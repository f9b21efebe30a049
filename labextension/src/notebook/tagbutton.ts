// The item of the cell toolbar that gives a cell its part in jobs.
import { type Cell, isCodeCellModel } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ToolbarButton } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Menu, Widget } from '@lumino/widgets';
import { tagIcon } from './icons';
import { TAG_COMMAND, TAGS } from './tags';

/** A button that opens the choice of tags; nothing for a cell that is not code. */
export function tagButton(cell: Cell, commands: CommandRegistry, trans: TranslationBundle): Widget {
  if (!isCodeCellModel(cell.model)) {
    const nothing = new Widget();
    nothing.hide();
    return nothing;
  }
  const button: ToolbarButton = new ToolbarButton({
    icon: tagIcon,
    tooltip: trans.__('Part of this cell in jobs'),
    onClick: () => {
      const menu = new Menu({ commands });
      for (const tag of TAGS) {
        menu.addItem({ command: TAG_COMMAND, args: { tag } });
      }
      const { left, bottom } = button.node.getBoundingClientRect();
      menu.open(left, bottom);
    },
  });
  return button;
}
