"""The files of a message, saved to disk: all of them, each whole, under names that were free."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from ...calls.context import CallContext
from ...calls.download import Download
from ...calls.save_to_disk import check_folder, claim
from ...core.checks import flag
from ...core.citations import file_annotations, kept_name
from ...core.filenames import numbered
from ...endpoints import DOWNLOAD_FILE
from ...models.messages import FilePathAnnotation, ImageFileContent, Message, TextContent
from ..concurrency import in_parallel
from .render import AT_ONCE, check_message, names_of

_NAME = "messages.save_files"


async def save_files(
    context: CallContext, message: Message, folder: Path, *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Download the files that a message shows; see `client.messages.save_files`."""
    check_message(_NAME, message)
    flag(f"{_NAME}(): overwrite", overwrite)
    check_folder(_NAME, folder)
    folder = Path(folder)
    # A file may be cited several times in one message: it is saved once.
    file_ids = tuple(dict.fromkeys(_shown(message)))
    names = await names_of(context, message, file_ids)
    # Within the folder, so that moving a file out is one step that cannot fail half-way.
    with TemporaryDirectory(prefix=".", suffix=".part", dir=folder) as parts:
        places = [Path(parts, str(number)) for number in range(len(file_ids))]
        jobs = [partial(_download, context, *job) for job in zip(file_ids, places, strict=True)]
        await in_parallel(jobs, AT_ONCE)
        wanted = [folder / kept_name(names[file_id], file_id) for file_id in file_ids]
        return _replaced(places, wanted) if overwrite else _placed(places, wanted)


def _shown(message: Message) -> Iterator[str]:
    """Yield the ids of the images and of the files that code made, in order."""
    for part in message.content:
        if isinstance(part, ImageFileContent) and part.image_file is not None and part.image_file.file_id:
            yield part.image_file.file_id
        elif isinstance(part, TextContent) and part.text is not None:
            for file_id, annotation in file_annotations(part.text):
                if isinstance(annotation, FilePathAnnotation):
                    yield file_id


async def _download(context: CallContext, file_id: str, place: Path) -> None:
    request = context.bind(DOWNLOAD_FILE, (file_id,), {})
    await Download(context.session, request, context.options).save(place.parent, place.name)


def _placed(parts: list[Path], wanted: list[Path]) -> tuple[Path, ...]:
    """Move whole files to their names; where one cannot be moved, remove all that were."""
    paths: list[Path] = []
    try:
        for part, path in zip(parts, wanted, strict=True):
            paths.append(claim(path))
            part.replace(paths[-1])
    except BaseException:
        for path in paths:
            path.unlink()
        raise
    return tuple(paths)


def _replaced(parts: list[Path], wanted: list[Path]) -> tuple[Path, ...]:
    """Move whole files to their names, replacing older files; two files of one message never get the same name."""
    paths: list[Path] = []
    for part, path in zip(parts, wanted, strict=True):
        names = (path.with_name(numbered(path.name, number)) for number in count(1))
        paths.append(next(name for name in names if name not in paths))
        part.replace(paths[-1])
    return tuple(paths)
