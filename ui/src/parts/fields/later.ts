// The parts of Fields that its first picture does without.

export const imageView = () => import('./ImageView.svelte');
