// Another picture of the same place, laid under the one that is shown: read when it is asked for.

import { imagePath, readPicture } from '../../api/images.ts';
import type { ImageDetail } from '../../api/types.ts';
import { analysisOf, pictures, type IndexResult } from '../../lib/analysis.ts';
import { changeOf, fitOf } from '../../lib/fit.ts';
import { changePalette, type Levels } from '../../lib/raster.ts';
import { Resource } from '../../stores/resource.svelte.ts';

export class Comparison {
  readonly detail = new Resource<ImageDetail>();
  readonly picture = new Resource<Levels>(readPicture);
  #index = $state<string | null>(null);

  readonly analysis = $derived(this.detail.data && analysisOf(this.detail.data));
  readonly result: IndexResult | null = $derived((this.#index && this.analysis?.indices[this.#index]) || null);
  readonly href = $derived(this.detail.data ? pictures(this.detail.data.products, this.analysis).find(({ index }) => index === this.#index)?.href ?? null : null);

  /** Reads the picture of that id, and its map of that index. */
  show(id: string | null, index: string | null) {
    this.#index = index;
    if (id === null) {
      this.detail.close();
      this.detail.data = null;
      this.detail.error = null;
    } else {
      this.detail.open(imagePath(id));
    }
  }
  /** Called when `href` may have changed. */
  read() {
    if (this.href === null) {
      this.picture.close();
      this.picture.data = null;
    } else {
      this.picture.open(this.href);
    }
  }
  close() {
    this.detail.close();
    this.picture.close();
  }
}

/** What changed from the one to the other, and how well they fit. */
export function changeBetween(now: { levels: Levels; result: IndexResult }, before: { levels: Levels; result: IndexResult }) {
  const fit = fitOf(now.levels, before.levels);
  return { fit, ...changeOf({ levels: now.levels, shown: now.result.shown }, { levels: before.levels, shown: before.result.shown }, fit, changePalette) };
}
