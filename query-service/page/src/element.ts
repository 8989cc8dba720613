/** The element that the page is known to have. */
export function element<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (found === null) throw new Error(`the page has no ${selector}`);
  return found;
}

export function make(tag: string, text = '', className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

/** Changes text only where it differs: what did not change is neither laid out nor read out again. */
export function setText(target: Element, text: string): boolean {
  if (target.textContent === text) return false;
  target.textContent = text;
  return true;
}
