/** A file that is being written. */
export interface SavedFile {
  write(text: string): Promise<void>;
  /** Keeps what was written. */
  close(): Promise<void>;
  /** Discards it. */
  abort(): Promise<void>;
  /** The bytes that were written. */
  size(): number;
}

interface Picker {
  readonly showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/**
 * Opens a file on disk where the browser can write to one, after a person chose it; otherwise one in
 * memory, which is downloaded at the end. Null: no file was chosen.
 */
export async function openFile(name: string, type: string): Promise<SavedFile | null> {
  const browser = globalThis as unknown as Picker;
  if (browser.showSaveFilePicker === undefined) return memoryFile(name, type);
  try {
    return diskFile(await (await browser.showSaveFilePicker({ suggestedName: name })).createWritable());
  } catch (error) {
    if ((error as Error).name === 'AbortError') return null;
    throw error;
  }
}

function diskFile(stream: FileSystemWritableFileStream): SavedFile {
  let bytes = 0;
  return {
    async write(text) {
      const chunk = new TextEncoder().encode(text);
      bytes += chunk.byteLength;
      await stream.write(chunk);
    },
    close: () => stream.close(),
    abort: () => stream.abort(),
    size: () => bytes,
  };
}

function memoryFile(name: string, type: string): SavedFile {
  const parts: Blob[] = [];
  let bytes = 0;
  return {
    write(text) {
      const part = new Blob([text]);
      bytes += part.size;
      if (bytes > maxMemoryBytes) return Promise.reject(new Error(tooLarge));
      parts.push(part);
      return Promise.resolve();
    },
    close() {
      const url = URL.createObjectURL(new Blob(parts, { type }));
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return Promise.resolve();
    },
    abort() {
      parts.length = 0;
      return Promise.resolve();
    },
    size: () => bytes,
  };
}

const maxMemoryBytes = 200_000_000;
const tooLarge =
  'The export exceeds 200 MB, which this browser would have to hold in memory. Select a shorter time range, or use a browser that saves to disk, such as Chromium at localhost or over HTTPS.';
