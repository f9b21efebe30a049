// A dialog with a form that stays open while something is wrong.
import { Dialog } from '@jupyterlab/apputils';

export abstract class FormDialog extends Dialog<void> {
  override handleEvent(event: Event): void {
    const isKey = event instanceof KeyboardEvent;
    const target = event.target as HTMLElement;
    if (!isKey || !target.closest('.jp-Dialog-body') || event.key === 'Escape') {
      super.handleEvent(event);
      return;
    }
    // The base class takes Enter and the arrows away from the controls of its body.
    const hasOwnEnter = target.matches('button, summary, textarea');
    const isSent = hasOwnEnter ? event.ctrlKey || event.metaKey : !event.isComposing;
    if (event.key === 'Enter' && isSent) {
      event.preventDefault();
      event.stopPropagation();
      this.resolve();
    }
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
      return;
    }
    void this._submit(index ?? this._last);
  }

  /** What a button asks for; whether the dialog may close. */
  protected abstract submit(index: number): Promise<boolean>;

  /** The button that Enter presses. */
  protected abstract readonly _last: number;

  private async _submit(index: number): Promise<void> {
    const isDone = await this.submit(index);
    if (this.isDisposed) {
      return;
    }
    if (isDone) {
      super.resolve(index);
    } else {
      this.node.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }
}
