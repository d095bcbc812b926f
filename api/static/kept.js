// What this browser keeps. It may refuse to: then nothing is kept, and all else works.

/** Return what is kept under a key, null where nothing is. */
export function load(key, store = "localStorage") {
  try {
    return window[store].getItem(key);
  } catch {
    return null;
  }
}

/** Keep a text under a key, or nothing where it is null; return whether the browser did. */
export function save(key, text, store = "localStorage") {
  try {
    if (text === null) window[store].removeItem(key);
    else window[store].setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
