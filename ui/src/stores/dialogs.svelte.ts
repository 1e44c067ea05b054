// The dialogs that are open, and the browser's Back: it closes the uppermost before it leaves the page. While any is open
// the history has one entry more, of the same address.

type Ask = () => void;

class Dialogs {
  #open: Ask[] = [];
  #hasEntry = false;
  /** Our own step back, which is nobody's wish. */
  #expected = false;

  /** `ask`: somebody wants it closed. Returns what is called when it is gone. */
  opened(ask: Ask): () => void {
    this.#open.push(ask);
    this.#enter();
    return () => {
      this.#open = this.#open.filter((other) => other !== ask);
      // One that opens in place of another takes its entry over, and so does an address that is gone to.
      setTimeout(() => {
        if (this.#open.length > 0 || !this.#hasEntry) return;
        this.#hasEntry = false;
        this.#expected = true;
        history.back();
      });
    };
  }

  /** Of a popstate: true when it was a dialog's matter. */
  takesBack(): boolean {
    if (this.#expected) {
      this.#expected = false;
      return true;
    }
    const top = this.#open.at(-1);
    if (!top) return false;
    this.#hasEntry = false;
    top();
    // What asks first, or lies below, wants the next Back too.
    queueMicrotask(() => this.#open.length > 0 && this.#enter());
    return true;
  }

  /** A new address: true when it takes the place of the dialog's entry. */
  givesEntry(): boolean {
    const had = this.#hasEntry;
    this.#hasEntry = false;
    return had;
  }

  #enter() {
    if (this.#hasEntry) return;
    this.#hasEntry = true;
    history.pushState({ dialog: true }, '', location.href);
  }
}

export const dialogs = new Dialogs();
