import { byId } from './element.ts';

/** Asks for the token of an agent that is looked at over the network; resolves to what was typed. */
export function askForToken(again: boolean): Promise<string> {
  const dialog = byId('token', HTMLDialogElement);
  const field = byId('token-field', HTMLInputElement);
  byId('token-wrong', HTMLElement).hidden = !again;
  return new Promise((resolve) => {
    const keepOpen = (event: Event) => event.preventDefault();
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      if (field.value.trim() === '') return;
      dialog.removeEventListener('submit', submit);
      dialog.removeEventListener('cancel', keepOpen);
      dialog.close();
      resolve(field.value.trim());
      field.value = '';
    };
    // Without the token there is nothing to see.
    dialog.addEventListener('cancel', keepOpen);
    dialog.addEventListener('submit', submit);
    dialog.showModal();
  });
}
