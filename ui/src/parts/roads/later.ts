// The parts of Roads that its first picture does without.

export const cameraDialog = () => import('./CameraDialog.svelte');
export const linesDialog = () => import('./LinesDialog.svelte');
export const fromToDialog = () => import('./FromToDialog.svelte');
export const filePicker = () => import('./FilePicker.svelte');
export const partDialog = () => import('./PartDialog.svelte');
export const recordingView = () => import('./RecordingView.svelte');
