// Environments in the panel on the left: each with its state.
import { addIcon } from '@jupyterlab/ui-components';
import { CommandIDs } from '../tokens';
import { useLanguage } from '../ui/context';
import { Button } from '../ui/controls';
import { useResource } from '../ui/hooks';
import { List } from '../ui/list';
import { Empty, ErrorStrip, Skeleton } from '../ui/states';
import { useIsDown } from './connection';
import { BuildChip } from './environment-parts';
import { execute, usePage } from './page';

export function EnvironmentSection(): JSX.Element {
  const page = usePage();
  const { trans } = useLanguage();
  const { environments } = page.workspace.models;
  const { value, error } = useResource(environments);
  const isDown = useIsDown();
  return (
    <div className="jp-MlwsSection">
      {error && !value && !isDown && (
        <ErrorStrip error={error} onRetry={() => void environments.refresh()} />
      )}
      {!value && (!error || isDown) && <Skeleton rows={2} />}
      {value?.length === 0 && (
        <Empty text={trans.__('Jobs run in the Python of the workspace.')}>
          <Button icon={addIcon} onClick={() => execute(page, CommandIDs.newEnvironment)}>
            {trans.__('New environment')}
          </Button>
        </Empty>
      )}
      {value && value.length > 0 && (
        <List
          label={trans.__('Environments')}
          items={value}
          itemKey={item => item.name}
          titleOf={item => item.message || `${item.name} ${item.version ?? ''}`}
          onOpen={item => execute(page, CommandIDs.openEnvironments, { name: item.name })}
          render={item => (
            <span className="jp-MlwsRow" data-environment={item.name}>
              <span className="jp-MlwsRow-name">{item.name}</span>
              <BuildChip build={item} />
            </span>
          )}
        />
      )}
    </div>
  );
}
