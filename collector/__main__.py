"""collector run | migrate | user | check | quarantine | explain | export: the program at head office."""

from __future__ import annotations

import argparse
import getpass
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from collector import quarantine_command
from collector.app import AddressTaken, clock_from, run, wall_now
from collector.domain.accounts import Account, hash_password, hash_token
from collector.domain.tickets import ROLES
from collector.explain import CannotExplain
from collector.explain_command import add_explain, explain_alarm
from collector.export import NothingStored, UnknownStore
from collector.export_command import add_export, export_stored
from collector.looking import CannotLook, looking_at
from collector.settings import Settings, load_settings
from collector.store import accounts
from collector.store.database import Database, FileIsNewer, TryLater
from configs.documents import Faulty
from edge_agent.contract.clock import ClockArgumentInvalid
from edge_agent.contract.text import Text, language_of
from rules.load import load_rules

FOUND_WRONG, USAGE = 1, 2

Say = Callable[[Text], None]


class AnswerIs(Exception):
    """The program ends here with status 1 and this sentence."""

    def __init__(self, sentence: Text) -> None:
        self.sentence = sentence
        super().__init__(sentence.en)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    language = language_of(os.environ)
    try:
        status: int = arguments.command(arguments, lambda text: print(text.in_(language)))
    except Faulty as faulty:
        for fault in faulty.faults:
            print(fault.sentence(language), file=sys.stderr)
        return FOUND_WRONG
    except (AnswerIs, CannotLook) as answer:
        print(answer.sentence.in_(language), file=sys.stderr)
        return FOUND_WRONG
    except (TryLater, FileIsNewer) as error:
        print(_trouble(error).in_(language), file=sys.stderr)
        return FOUND_WRONG
    return status


def _run(arguments: argparse.Namespace, _say: Say) -> int:
    try:
        clock = clock_from(arguments.clock)
    except ClockArgumentInvalid as error:
        print(error, file=sys.stderr)
        return USAGE
    settings = load_settings(arguments.file)
    logging.basicConfig(level=logging.INFO, format="level=%(levelname)s at=%(name)s %(message)s", stream=sys.stderr)
    for talker in ("alembic", "uvicorn"):
        logging.getLogger(talker).setLevel(logging.WARNING)
    try:
        run(settings, clock)
    except AddressTaken as error:
        raise AnswerIs(Text(zh=f"无法监听该地址 — {error}", en=f"cannot listen there: {error}")) from error
    return 0


def _migrate(arguments: argparse.Namespace, say: Say) -> int:
    settings = load_settings(arguments.file)
    _open(settings).close()
    say(Text(zh=f"数据库已是最新版本:{settings.database}", en=f"the database is of this version: {settings.database}"))
    return 0


def _check(arguments: argparse.Namespace, say: Say) -> int:
    faults = []
    settings: Settings | None = None
    try:
        settings = load_settings(arguments.file)
        load_rules(settings.rules, settings.overrides)
    except Faulty as faulty:
        faults = list(faulty.faults)
    language = language_of(os.environ)
    if arguments.json:
        told = [{"file": one.file, "line": one.line, "what": one.what.en, "fix": one.fix.en} for one in faults]
        print(json.dumps({"ok": not faults, "faults": told}))
    elif faults:
        for fault in faults:
            print(fault.sentence(language), file=sys.stderr)
    else:
        say(Text(zh="设置和规则都没有问题", en="settings and rules are in order"))
    return FOUND_WRONG if faults else 0


def _add(arguments: argparse.Namespace, say: Say) -> int:
    password, generated = _password(arguments)
    who = Account(name=arguments.name, role=arguments.role)
    stored = hash_password(password, secrets.token_bytes(16))
    database = _open(load_settings(arguments.file))
    try:
        with database.writing() as connection:
            new = accounts.write_account(connection, who, stored, wall_now())
    finally:
        database.close()
    done = Text(zh="已添加用户", en="added") if new else Text(zh="已更新用户", en="changed")
    say(Text(zh=f"{done.zh} {who.name}({who.role})", en=f"{done.en} {who.name} ({who.role})"))
    if generated:
        say(Text(zh=f"密码:{password}", en=f"password: {password}"))
    return 0


def _link(arguments: argparse.Namespace, _say: Say) -> int:
    token = secrets.token_urlsafe(32)
    database = _open(load_settings(arguments.file))
    try:
        with database.writing() as connection:
            if accounts.find_account(connection, arguments.name) is None:
                raise AnswerIs(Text(zh=f"没有用户 {arguments.name}", en=f"there is no user {arguments.name}"))
            accounts.make_link(connection, arguments.name, hash_token(token), wall_now())
    finally:
        database.close()
    print(f"{arguments.base_url.rstrip('/')}/login/{token}")
    return 0


def _quarantine(arguments: argparse.Namespace, say: Say) -> int:
    settings = load_settings(arguments.file)
    database = _open(settings)
    done = True
    try:
        if arguments.action == "retry":
            done = quarantine_command.retry_messages(database, settings, arguments, say, wall_now())
        elif arguments.action == "show":
            done = quarantine_command.show_message(database, arguments, say)
        else:
            quarantine_command.list_messages(database, arguments, say)
    finally:
        database.close()
    return 0 if done else FOUND_WRONG


def _explain(arguments: argparse.Namespace, _say: Say) -> int:
    settings = load_settings(arguments.file)
    try:
        with looking_at(settings) as database:
            explain_alarm(database, settings, arguments, wall_now())
    except CannotExplain as error:
        raise AnswerIs(error.sentence) from error
    return 0


def _export(arguments: argparse.Namespace, say: Say) -> int:
    settings = load_settings(arguments.file)
    try:
        with looking_at(settings) as database:
            say(export_stored(database, settings, arguments, wall_now()))
    except (UnknownStore, NothingStored) as error:
        raise AnswerIs(error.sentence) from error
    except OSError as error:
        raise AnswerIs(Text(zh=f"无法写入:{error}", en=f"cannot be written: {error}")) from error
    return 0


def _password(arguments: argparse.Namespace) -> tuple[str, bool]:
    """The password, and whether it was made up here."""
    if arguments.password_file:
        return _not_empty(_read_password(arguments.password_file)), False
    if arguments.ask:
        return _not_empty(_ask_password()), False
    return secrets.token_urlsafe(12), True


def _read_password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        told = Text(zh=f"密码文件无法读取:{error}", en=f"the password file cannot be read: {error}")
        raise AnswerIs(told) from error


def _ask_password() -> str:
    try:
        return getpass.getpass("密码 / password: ")
    except EOFError as error:
        raise AnswerIs(Text(zh="没有输入密码", en="no password was entered")) from error


def _not_empty(password: str) -> str:
    if len(password) < 8:
        raise AnswerIs(Text(zh="密码至少 8 个字符", en="a password has at least 8 characters"))
    return password


def _open(settings: Settings) -> Database:
    database = Database(settings.database)
    try:
        database.migrate()
    except (TryLater, FileIsNewer):
        database.close()
        raise
    return database


def _trouble(error: TryLater | FileIsNewer) -> Text:
    if isinstance(error, FileIsNewer):
        zh = f"数据库由更新的版本写入，请重新安装该版本，或使用升级前的备份 — {error}"
        en = f"a later version wrote the database: install that one again, or use a copy from before it: {error}"
        return Text(zh=zh, en=en)
    return Text(zh=f"数据暂时不能使用,请稍后再试 — {error}", en=f"the data cannot be had just now, try later: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="collector", description="总部采集服务 / the program at head office")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_ = _command(commands, "run", _run, "运行 / run until SIGTERM")
    run_.add_argument("--clock", metavar="INSTANT@SECONDSxFACTOR", help="演练时钟 / another clock, for drills")
    _command(commands, "migrate", _migrate, "升级数据库 / bring the database to this version")
    check = _command(commands, "check", _check, "检查设置和规则 / find every fault of settings and rules")
    check.add_argument("--json", action="store_true", help="机器可读 / for a machine")
    user = commands.add_parser("user", help="用户与登录链接 / users and login links")
    user.add_argument("file", type=Path, metavar="COLLECTOR.yaml")
    of_user = user.add_subparsers(required=True, metavar="ACTION")
    _user_parsers(of_user)
    aside = _command(commands, "quarantine", _quarantine, "无法读取的消息 / messages that could not be read")
    _quarantine_parsers(aside.add_subparsers(required=True, metavar="ACTION", dest="action"))
    add_explain(_command(commands, "explain", _explain, "报警为何有或没有 / why an alarm is up, or is not"))
    add_export(_command(commands, "export", _export, "导出存储的读数 / stored readings, for fault-rules backtest"))
    return parser


def _quarantine_parsers(of_quarantine: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = of_quarantine.add_parser("list", help="列出,最新在前 / the newest first")
    listing.add_argument("--json", action="store_true", help="机器可读 / for a machine")
    of_quarantine.add_parser("show", help="一条消息的全部内容 / all of one").add_argument("id", type=int)
    again = of_quarantine.add_parser("retry", help="重新接收,例如升级之后 / take them in, as after an update")
    again.add_argument("id", type=int, nargs="?", help="默认全部 / default: all")


def _user_parsers(of_user: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = of_user.add_parser("add", help="添加或更改 / add, or change password and role")
    add.add_argument("name", type=_name)
    add.add_argument("--role", choices=ROLES, required=True)
    how = add.add_mutually_exclusive_group()
    how.add_argument("--password-file", type=Path, help="从文件读取密码 / take the password from a file")
    how.add_argument("--ask", action="store_true", help="询问密码 / ask for the password instead of making one up")
    add.set_defaults(command=_add)
    link = of_user.add_parser("link", help="一次性登录链接,15 分钟有效 / a login link: once, within 15 minutes")
    link.add_argument("name")
    link.add_argument("--base-url", required=True, metavar="http://HOST:PORT")
    link.set_defaults(command=_link)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Callable[[argparse.Namespace, Say], int],
    told: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=told)
    parser.add_argument("file", type=Path, metavar="COLLECTOR.yaml")
    parser.set_defaults(command=command)
    return parser


def _name(text: str) -> str:
    if not 1 <= len(text) <= 64 or not text.isprintable() or text != text.strip():
        raise argparse.ArgumentTypeError("1-64 printable characters / 1 到 64 个可见字符")
    return text


if __name__ == "__main__":
    sys.exit(main())
