// The run and its job as the interface gives them.
import { useLanguage } from '../ui/context';
import { CopyButton, Toolbar } from '../ui/controls';

export function Json(props: { value: object }): JSX.Element {
  const { trans } = useLanguage();
  const text = JSON.stringify(props.value, null, 2);
  return (
    <>
      <Toolbar label={trans.__('JSON')}>
        <CopyButton text={text} />
      </Toolbar>
      <pre className="jp-MlwsCode">{text}</pre>
    </>
  );
}
