// The tabs above the runs: all runs, and the views that somebody has saved.
import { Clipboard, Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import { useState } from 'react';
import type { RunsModel } from '../model/runs';
import { linkTo } from '../plugins/commands';
import { notifyError } from '../plugins/notify';
import { useLanguage } from '../ui/context';
import { Button, Tabs } from '../ui/controls';
import { useResource, useSignal } from '../ui/hooks';
import { TextField } from '../ui/textfield';
import { usePage } from './page';

/** Tab of the runs as they are without a view. */
const ALL = 'all';

export function ViewTabs(props: { model: RunsModel }): JSX.Element {
  const { model } = props;
  const { views } = model;
  const { workspace } = usePage();
  const { trans } = useLanguage();
  const [isNaming, setNaming] = useState(false);
  const { value } = useResource(views.views);
  useSignal(views.active.changed);
  useSignal(model.queryChanged);
  useSignal(model.look.changed);
  const { current } = views;
  const attempt = async (title: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      notifyError(workspace, title, error);
    }
  };
  const open = (id: string): void => {
    const view = value?.find(one => one.id === id);
    if (view) {
      model.showView(view);
    } else {
      views.active.value = null;
      model.show({ query: {}, look: model.look.value });
    }
  };
  const notSaved = trans.__('The view could not be saved.');
  return (
    <div className="jp-MlwsRuns-views">
      <Tabs
        label={trans.__('Views')}
        tabs={[
          { id: ALL, label: trans.__('All runs') },
          ...(value ?? []).map(view => ({ id: view.id, label: view.name })),
        ]}
        active={current?.id ?? ALL}
        onChange={open}
      />
      {views.isChanged(model.state) && (
        <>
          <Button primary onClick={() => void attempt(notSaved, () => views.save(model.state))}>
            {trans.__('Save changes')}
          </Button>
          <Button onClick={() => current && open(current.id)}>{trans.__('Undo changes')}</Button>
        </>
      )}
      {isNaming ? (
        <TextField
          label={trans.__('Name of the view')}
          placeholder={trans.__('Name, Enter')}
          isRight={name => name.trim() !== ''}
          onDone={name => {
            setNaming(false);
            if (name !== null) {
              void attempt(notSaved, () => views.create(name.trim(), model.state));
            }
          }}
        />
      ) : (
        <Button minimal onClick={() => setNaming(true)}>
          {trans.__('Save as view…')}
        </Button>
      )}
      {current && (
        <>
          <Button
            minimal
            onClick={() => {
              Clipboard.copyToSystem(linkTo(`views/${current.id}`));
              Notification.info(trans.__('The link to the view is on the clipboard.'), {
                autoClose: 4000,
              });
            }}
          >
            {trans.__('Copy link')}
          </Button>
          <Button
            minimal
            onClick={() =>
              void InputDialog.getText({
                title: trans.__('Rename the view'),
                text: current.name,
              }).then(answer => {
                const name = answer.value?.trim();
                if (answer.button.accept && name) {
                  void attempt(notSaved, () => views.rename(name));
                }
              })
            }
          >
            {trans.__('Rename')}
          </Button>
          <Button
            minimal
            onClick={() =>
              void showDialog({
                title: trans.__('Delete the view “%1”?', current.name),
                body: trans.__('It goes for everybody. The runs it shows stay.'),
                buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
              }).then(answer => {
                if (answer.button.accept) {
                  void attempt(trans.__('The view could not be deleted.'), () => views.remove());
                }
              })
            }
          >
            {trans.__('Delete')}
          </Button>
        </>
      )}
    </div>
  );
}
