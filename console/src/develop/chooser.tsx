import { useEffect, useRef, useState } from 'preact/hooks'
import { words } from '../words/words.ts'
import { ACCEPTED } from './chosen-files.ts'
import { droppedFiles } from './dropped-files.ts'

type ChooserProps = { onFiles: (files: readonly File[], isFolder: boolean) => void }

/** All ways in: buttons here, and what is dropped or pasted anywhere on the page. */
export function Chooser({ onFiles }: ChooserProps) {
  const text = words.value.develop
  return (
    <div class="ways">
      <FileButton kind="photos" label={text.choose} onFiles={onFiles} />
      <FileButton kind="folder" label={text.chooseFolder} onFiles={onFiles} />
      <FileButton kind="camera" label={text.photograph} onFiles={onFiles} />
      <DropAnywhere onFiles={onFiles} />
    </div>
  )
}

type Kind = 'photos' | 'folder' | 'camera'

function FileButton({ kind, label, onFiles }: ChooserProps & { kind: Kind; label: string }) {
  const input = useRef<HTMLInputElement>(null)
  const take = (element: HTMLInputElement) => {
    onFiles([...(element.files ?? [])], kind === 'folder')
    // The same may be chosen again.
    element.value = ''
  }
  useEffect(() => {
    if (kind === 'folder' && input.current) input.current.webkitdirectory = true
  }, [])
  return (
    <>
      <button
        type="button"
        class={`button ${kind === 'photos' ? 'main' : ''} of-${kind}`}
        onClick={() => input.current?.click()}
      >
        {label}
      </button>
      <input
        ref={input}
        class={`of-${kind}`}
        type="file"
        hidden
        multiple={kind !== 'camera'}
        accept={kind === 'folder' ? undefined : kind === 'camera' ? 'image/*' : ACCEPTED}
        capture={kind === 'camera' ? 'environment' : undefined}
        onChange={({ currentTarget }) => take(currentTarget)}
      />
    </>
  )
}

function DropAnywhere({ onFiles }: ChooserProps) {
  const [isOver, setOver] = useState(false)
  const handler = useRef(onFiles)
  handler.current = onFiles
  useEffect(() => {
    const take = (data: DataTransfer) =>
      void droppedFiles(data).then(({ files, isFolder }) => handler.current(files, isFolder))
    const listening = new AbortController()
    const on = <Type extends keyof DocumentEventMap>(
      type: Type,
      act: (event: DocumentEventMap[Type]) => void,
    ) => document.addEventListener(type, act, { signal: listening.signal })
    on('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'copy'
      setOver(true)
    })
    on('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) setOver(false)
    })
    on('drop', (event) => {
      setOver(false)
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      take(event.dataTransfer)
    })
    on('paste', (event) => {
      if (!event.clipboardData?.types.includes('Files')) return
      event.preventDefault()
      take(event.clipboardData)
    })
    return () => listening.abort()
  }, [])
  return isOver ? <div class="drop-here">{words.value.develop.drop}</div> : null
}
