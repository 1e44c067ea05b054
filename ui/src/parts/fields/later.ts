// The parts of Fields that its first picture does without.

export const bandsDialog = () => import('./BandsDialog.svelte');
export const compareDialog = () => import('./CompareDialog.svelte');
export const imageView = () => import('./ImageView.svelte');
export const mapView = () => import('./MapView.svelte');
