// Elements without markup in strings: what a model answers is never read as HTML.

/** Returns an element with properties, `class`, `data-` and `aria-` attributes and style variables, and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  set(made, properties);
  made.append(...children);
  return made;
}

/** The same for a shape of a picture. */
export function shape(name, properties = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(made, properties);
  made.append(...children);
  return made;
}

function set(made, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("--")) made.style.setProperty(name, value);
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined) made.setAttribute(name, value);
  }
}

/** Returns the element of an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Returns a share as it is read: 0.8321 is "83 %". */
export function percent(share) {
  return `${Math.round(100 * share)}\u202f%`;
}
