// Short words at the edge of the page, and questions before what destroys.

/** Words that go by themselves, but those of what failed. */
export interface Toast {
  readonly id: number;
  readonly kind: 'good' | 'bad' | 'info';
  readonly words: string;
  /** What can be done about it. */
  readonly action?: { words: string; run: () => void };
}

/** A question that is asked once, and names what would be gone. */
export interface Question {
  readonly title: string;
  readonly words: string;
  /** What the button says: the deed, such as "Remove". */
  readonly deed: string;
  readonly answer: (yes: boolean) => void;
}

const TOAST_MS = 6000;
const MOST = 4;

let toasts = $state.raw<readonly Toast[]>([]);
let question = $state.raw<Question | null>(null);
let last = 0;
let top = $state.raw<Element>();
const open: Element[] = []; // dialogs, each above the one before

/** What is said and asked at the moment. Reactive. */
export const dialogs = {
  get toasts() {
    return toasts;
  },
  get question() {
    return question;
  },
  /** The dialog that is above all others, outside of which nothing can be pressed; undefined: none is open. */
  get top() {
    return top;
  },
};

/** Says that a dialog is open, until the result is called. */
export function opened(dialog: Element): () => void {
  open.push((top = dialog));
  return () => {
    open.splice(open.indexOf(dialog), 1);
    top = open.at(-1);
  };
}

/** Says something. What failed stays until it is taken away. */
export function say(kind: Toast['kind'], words: string, action?: Toast['action']): void {
  const toast: Toast = { id: ++last, kind, words, ...(action && { action }) };
  toasts = [...toasts.filter((other) => other.words !== words), toast].slice(-MOST);
  if (kind !== 'bad') setTimeout(() => unsay(toast.id), TOAST_MS);
}

/** Takes words away. */
export function unsay(id: number): void {
  toasts = toasts.filter((toast) => toast.id !== id);
}

/** Runs what may fail, and says so if it does; the result says whether it went well. */
export async function attempt(deed: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await deed();
    if (done) say('good', done);
    return true;
  } catch (error) {
    say('bad', error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** Asks before something is destroyed: true for yes. */
export function confirm(asked: { title: string; words: string; deed: string }): Promise<boolean> {
  question?.answer(false);
  return new Promise((resolve) => {
    question = {
      ...asked,
      answer: (yes) => {
        question = null;
        resolve(yes);
      },
    };
  });
}

