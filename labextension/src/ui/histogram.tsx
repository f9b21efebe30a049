// Small bars beside a number: how values spread.
import '../../style/data.css';

export interface IBar {
  label: string;
  value: number;
  /** Drawn behind, for what was before. */
  other?: number;
}

/** Bars of equal width; what each stands for is told on hover. */
export function Histogram(props: {
  bars: readonly IBar[];
  /** One sentence for who cannot see it. */
  label: string;
  width?: number;
  height?: number;
}): JSX.Element {
  const { bars, width = 160, height = 36 } = props;
  const most = Math.max(...bars.map(bar => Math.max(bar.value, bar.other ?? 0)), 0) || 1;
  const step = width / Math.max(1, bars.length);
  const gap = step > 4 ? 1 : 0;
  const tall = (value: number): number =>
    value > 0 ? Math.max(1, (value / most) * (height - 1)) : 0;
  return (
    <svg
      className="jp-MlwsHistogram"
      role="img"
      aria-label={props.label}
      preserveAspectRatio="none"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
    >
      {bars.map((bar, at) => (
        <g key={bar.label}>
          <title>{bar.label}</title>
          <rect
            className="jp-MlwsHistogram-room"
            x={at * step}
            y={0}
            width={step}
            height={height}
          />
          {bar.other !== undefined && (
            <rect
              className="jp-MlwsHistogram-other"
              x={at * step}
              y={height - tall(bar.other)}
              width={(step - gap) / 2}
              height={tall(bar.other)}
            />
          )}
          <rect
            className="jp-MlwsHistogram-bar"
            x={at * step + (bar.other === undefined ? 0 : (step - gap) / 2)}
            y={height - tall(bar.value)}
            width={bar.other === undefined ? step - gap : (step - gap) / 2}
            height={tall(bar.value)}
          />
        </g>
      ))}
    </svg>
  );
}
