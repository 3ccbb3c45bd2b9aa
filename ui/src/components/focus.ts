/**
 * For a part of the window that comes and goes: called when it comes. What it gives back is called when it has gone: the focus is then where it was
 * before, if it would be nowhere otherwise; `lost` finds a place where that is gone, too. Without this the next key would go to the whole window.
 */
export function holdFocus(lost: () => void): () => void {
  const before = document.activeElement;
  return () => {
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    if (before instanceof HTMLElement && before !== document.body && before.isConnected) before.focus({ preventScroll: true });
    else lost();
  };
}
