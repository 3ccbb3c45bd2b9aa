/** Lets the keyboard of the whole window reach the viewer that is shown, without either knowing the other. */
export interface ViewerCommands {
  toggleOneToOne(): void;
  fit(): void;
  zoomIn(): void;
  zoomOut(): void;
}

let shown: ViewerCommands | null = null;

export function viewerCommands(): ViewerCommands | null {
  return shown;
}

/** Makes a viewer the one that keys reach, until the returned function is called. */
export function offerCommands(commands: ViewerCommands): () => void {
  shown = commands;
  return () => {
    if (shown === commands) shown = null;
  };
}
