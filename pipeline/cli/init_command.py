"""`init`: set up an account; the key is typed hidden, or read from a file."""

import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import Common
from pipeline.cli.spread import spread
from pipeline.errors import InterruptedRunError, SettingsError, UsageError

_TEXTS = {
    "key": (
        "Public API key (pk…), not shown: ",
        "Clé d'API publique (pk…), non affichée : ",
    ),
    "region": (
        "Country of phones without a country code",
        "Pays des téléphones sans indicatif",
    ),
    "timezone": ("Time zone", "Fuseau horaire"),
    "lang": ("Language, en or fr", "Langue, en ou fr"),
    "replace": (
        "`.env` sets {names} otherwise. Replace?",
        "`.env` définit {names} autrement. Remplacer ?",
    ),
    "works": ("the key works: {name} ({env})", "la clé fonctionne : {name} ({env})"),
    "unnamed": ("an account the API does not name", "un compte que l'API ne nomme pas"),
    "untried": ("the key was not tried", "la clé n'a pas été essayée"),
    "written": ("written: {files}", "écrit : {files}"),
    "next": (
        "next: `notchpay-pipeline doctor{more}`",
        "ensuite : `notchpay-pipeline doctor{more}`",
    ),
}


def add_init_command(app: typer.Typer) -> None:
    """Add `init` to `app`."""
    app.command("init")(init_command)


@spread
def init_command(
    common: Common,
    key_file: Annotated[
        str | None,
        typer.Option(help="Read the key from this file; - for standard input."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Country of phones without a country code.", metavar="XX"),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Time zone, as Africa/Douala.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of the API.")] = None,
    sync: Annotated[
        str | None, typer.Option(help="Id of a connected account.", metavar="ID")
    ] = None,
    no_try: Annotated[
        bool, typer.Option("--no-try", help="Do not try the key against the API.")
    ] = False,
) -> int:
    """Set up an account: try its key, write `.env`, with --profile a profile too."""
    from pipeline.runs import setting_up
    from pipeline.settings import load_settings

    asks = sys.stdin.isatty() and sys.stderr.isatty() and key_file != "-"
    if key_file is None and not asks:
        raise UsageError(
            "`init` asks for the key on a terminal, and there is none",
            hint="give `--key-file FILE`, or `--key-file -` for standard input",
        )
    defaults = load_settings(lang=common.lang)
    words = _Words(defaults.lang)
    key = _key(key_file, words)
    setting_up.check_key(key)
    said: dict[str, Any] = {"base_url": base_url, "sync": sync}
    for name, given in (
        ("region", region),
        ("timezone", timezone),
        ("lang", common.lang),
    ):
        said[name] = given or _asked(words, name, getattr(defaults, name), asks=asks)
    settings = load_settings(**said)
    wanted = setting_up.Wanted(
        key=key,
        settings=settings,
        profile=common.profile,
        config=common.config or setting_up.CONFIG,
        overwrite=common.yes,
    )
    wanted = _free(wanted, words, asks=asks)
    account = None if no_try else setting_up.try_key(settings, key)
    files = setting_up.write(wanted, account)
    _tell(common, words, account, files)
    return 0


class _Words:
    """The texts in one language."""

    def __init__(self, lang: str) -> None:
        self._french = lang == "fr"

    def __call__(self, text: str, /, **facts: object) -> str:
        return _TEXTS[text][self._french].format(**facts)


def _key(file: str | None, words: _Words) -> str:
    """Return the key from its file, or as typed without being shown."""
    if file is None:
        try:
            return getpass.getpass(words("key"), stream=sys.stderr).strip()
        except (EOFError, KeyboardInterrupt):
            raise InterruptedRunError("nothing was written") from None
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the key file `{file}` cannot be read") from error
    return text.strip()


def _asked(words: _Words, name: str, default: str, *, asks: bool) -> str:
    if not asks:
        return default
    return str(typer.prompt(words(name), default=default, err=True))


def _free(wanted: Any, words: _Words, *, asks: bool) -> Any:
    """Return what is to be written, overwriting where a person says so."""
    from pipeline.files.envfile import conflicts
    from pipeline.runs import setting_up

    taken = conflicts(setting_up.ENV_FILE, setting_up.env_values(wanted))
    if taken and asks and not wanted.overwrite:
        question = words("replace", names=", ".join(taken))
        wanted = replace(wanted, overwrite=typer.confirm(question, err=True))
    setting_up.check_free(wanted)
    return wanted


def _tell(common: Common, words: _Words, account: Any, files: list[Path]) -> None:
    if common.json:
        from pipeline.cli.screen import print_json

        print_json(
            {
                "merchant": account and account.merchant,
                "env": account and account.env,
                "files": [str(file) for file in files],
            }
        )
    elif not common.quiet:
        more = f" --profile {common.profile}" if common.profile else ""
        said = words("untried")
        if account is not None:
            name = account.merchant or words("unnamed")
            said = words("works", name=name, env=account.env)
        lines = (said, words("written", files=", ".join(map(str, files))))
        sys.stdout.write("\n".join((*lines, words("next", more=more))) + "\n")
