// Addresses of the pages, for links.

/** What the query says goes along, but for a part of a recording: it is of that one alone. */
export function roadsPath(camera: string | null, query: URLSearchParams = new URLSearchParams()): string {
  const path = camera === null ? '/roads' : `/roads/${encodeURIComponent(camera)}`;
  const kept = new URLSearchParams(query);
  kept.delete('part');
  const text = kept.toString();
  return text ? `${path}?${text}` : path;
}

export function fieldsPath(image: string | null, query: URLSearchParams = new URLSearchParams()): string {
  const path = image === null ? '/fields' : `/fields/${encodeURIComponent(image)}`;
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
