// The menu of data; it stands apart so that lists do not load the page of data for it.
import { Menu } from '@lumino/widgets';
import type { Asset } from '../model/data';
import { CommandIDs } from '../tokens';
import type { IPage } from './page';

/** What can be done with data, at a place in client pixels. */
export function openDataMenu(page: IPage, asset: Asset, x: number, y: number): void {
  const menu = new Menu({ commands: page.commands });
  const args = { name: asset.name, version: asset.version, type: asset.type };
  for (const command of [CommandIDs.openDataset, CommandIDs.insertData, CommandIDs.copyData]) {
    menu.addItem({ command, args });
  }
  const node = `data:${asset.name}:${asset.version}`;
  menu.addItem({ command: CommandIDs.openLineage, args: { node } });
  menu.open(x, y);
}
