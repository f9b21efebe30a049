// Two images: side by side, or one over the other with a slider between them.
import '../../style/compare.css';
import { useState } from 'react';
import { useLanguage } from './context';
import { Choice } from './controls';

export interface IImage {
  name: string;
  url: string;
}

type Look = 'beside' | 'slider';

export function ImagePair(props: { base: IImage; other: IImage }): JSX.Element {
  const { base, other } = props;
  const { trans } = useLanguage();
  const [look, setLook] = useState<Look>('beside');
  const [share, setShare] = useState(50);
  return (
    <div className="jp-MlwsImages">
      <div className="jp-MlwsImages-bar">
        <Choice<Look>
          label={trans.__('Look')}
          value={look}
          options={[
            ['beside', trans.__('Side by side')],
            ['slider', trans.__('Slider')],
          ]}
          onChange={setLook}
        />
        {look === 'slider' && (
          <label className="jp-MlwsChoice">
            {base.name}
            <input
              type="range"
              min={0}
              max={100}
              value={share}
              aria-label={trans.__('Where %1 ends and %2 begins', base.name, other.name)}
              onChange={event => setShare(Number(event.target.value))}
            />
            {other.name}
          </label>
        )}
      </div>
      {look === 'beside' ? (
        <div className="jp-MlwsImages-beside">
          {[base, other].map(image => (
            <figure key={image.url}>
              <figcaption>{image.name}</figcaption>
              <img src={image.url} alt={image.name} />
            </figure>
          ))}
        </div>
      ) : (
        <div className="jp-MlwsImages-over">
          <img src={other.url} alt={other.name} />
          <img
            src={base.url}
            alt={base.name}
            style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }}
          />
          <span className="jp-MlwsImages-edge" style={{ left: `${share}%` }} />
        </div>
      )}
    </div>
  );
}
