"""What the command line says, as the requests that the runs take."""

from typing import TYPE_CHECKING

from pipeline.cli.options import (
    LEVELS,
    PREFERENCES,
    RANKS,
    FileOptions,
    ImportOptions,
    one_of,
    seconds_of,
)

if TYPE_CHECKING:
    from pipeline.runs.request import FileRequest, ImportRequest


def file_request(file: FileOptions) -> "FileRequest":
    """Return the request of what the command line says about a file.

    Raises:
        UsageError: A value is none of those that may be.
    """
    from pipeline.recognise import parse_map, parse_metadata
    from pipeline.runs.request import FileRequest

    return FileRequest(
        file=file.file,
        map=parse_map(file.map or []),
        metadata=parse_metadata(file.metadata),
        sheet=file.sheet,
        encoding=file.encoding,
        delimiter=file.delimiter,
        source=file.source,
        dedupe=one_of(file.dedupe, LEVELS, "--dedupe"),
        prefer=one_of(file.prefer, PREFERENCES, "--prefer"),
        allow_possible=file.allow_possible,
        reject_bad_contact=file.reject_bad_contact,
        repairs=tuple(file.repair or ()),
        report=file.report,
        deliverability=file.deliverability,
        rank=one_of(file.rank, RANKS, "--rank"),
    )


def import_request(
    file: FileOptions, options: ImportOptions, wait: float
) -> "ImportRequest":
    """Return the request of a plan or an import; `wait` is for the lock, in seconds.

    Raises:
        UsageError: A value is none of those that may be.
    """
    from pipeline.apply.stop import Window
    from pipeline.plan.guards import GUARD_NAMES, is_guard
    from pipeline.runs.request import Guards, ImportRequest

    for name in options.passed or ():
        if not is_guard(name):
            one_of(name, GUARD_NAMES, "--pass")
    if options.only is not None:
        one_of(options.only, ("create", "update"), "--only")
    return ImportRequest(
        file=file_request(file),
        guards=Guards(
            options.max_reject_rate,
            options.max_overwrite_rate,
            options.max_overwrites,
            tuple(options.passed or ()),
            options.force,
            row_count_drop=options.max_row_count_drop,
            match_rate_drop=options.max_match_rate_drop,
            stale_source=options.max_stale_hours,
        ),
        approve=options.approve,
        only=options.only,
        limit=options.limit,
        wait=wait,
        max_duration=seconds_of(options.max_duration, "--max-duration"),
        window=Window.parse(options.window) if options.window else None,
        max_read_age=options.max_read_age,
        actor=options.actor,
        reason=options.reason,
        index_max_age=seconds_of(options.index_max_age, "--index-max-age") or 0.0,
    )
