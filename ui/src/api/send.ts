// A request whose body tells how far it has gone, which fetch does not.

import { ApiError, sentence } from './client.ts';

/** Resolves with an answer below 400; throws ApiError for any other (status 0: nobody answers), DOMException when stopped. */
export function send(method: 'POST' | 'PATCH', path: string, headers: Record<string, string>, body: FormData | Blob | null, signal: AbortSignal, onsent: (bytes: number) => void = () => undefined): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new DOMException('Stopped.', 'AbortError'));
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    const end = (action: () => void) => {
      signal.removeEventListener('abort', stop);
      action();
    };
    request.upload.onprogress = (event) => onsent(event.loaded);
    request.onload = () => end(() => {
      if (request.status >= 200 && request.status < 300) return resolve(request);
      // The original's clients get the sentence as `error`, ours as an object.
      const error = (request.response as { error?: string | { code: string; message: string } } | null)?.error;
      const message = typeof error === 'string' ? error : (error?.message ?? `Vedette answered ${request.status}`);
      reject(new ApiError(sentence(message), typeof error === 'object' ? error.code : 'http', request.status));
    });
    request.onerror = () => end(() => reject(new ApiError('Vedette does not answer.', 'unreachable', 0)));
    request.onabort = () => end(() => reject(new DOMException('Stopped.', 'AbortError')));
    request.open(method, path);
    request.responseType = 'json';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}
