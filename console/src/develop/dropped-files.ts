export type Dropped = { files: File[]; isFolder: boolean }

/** The files of a drop or a paste, those in its folders, too. To be called while the event lasts: afterwards it tells nothing. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? []) : [],
  )
  const plain = [...data.files]
  if (!entries.some(({ isDirectory }) => isDirectory)) return { files: plain, isFolder: false }
  const files = await Promise.all(entries.map(filesOf))
  return { files: files.flat(), isFolder: true }
}

/** Of a folder all, whatever is in it. What can't be read is left out. */
async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (!entry.isDirectory) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    ).catch(() => null)
    // Files of a drop do not say where they lay; those that are chosen by folder do.
    return file ? [Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath })] : []
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const files: File[] = []
  // Browsers tell a hundred at a time.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    ).catch(() => [])
    if (entries.length === 0) return files
    for (const found of await Promise.all(entries.map(filesOf))) files.push(...found)
  }
}
