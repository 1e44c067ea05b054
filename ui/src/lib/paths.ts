// Addresses of the pages, for links.

export function roadsPath(camera: string | null, query: URLSearchParams = new URLSearchParams()): string {
  const path = camera === null ? '/roads' : `/roads/${encodeURIComponent(camera)}`;
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
