"""A small mail server for tests (RFC 5321): it keeps what it takes, and refuses what it is told."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailServer:
    """What came, and how it answers: `answers` by the first word of a command, else `250 OK`.

    An answer of `None` breaks the connection. `secure` offers STARTTLS.
    """

    secure: ssl.SSLContext | None = None
    answers: dict[str, str | None] = field(default_factory=dict)
    # A mail to this address ends the connection.
    breaks_at: str = ""
    # It takes addresses in other letters than ASCII (RFC 6531).
    utf8: bool = False
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    # Set, it answers DATA; else it keeps its client waiting.
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 mail.test ESMTP")
        is_secure = False
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split(" ", 1)[0].split(":", 1)[0].upper()
            self.commands.append(line)
            answer = self.answers.get(verb, "250 OK")
            if answer is None:
                return
            if verb == "EHLO":
                if self.secure and not is_secure:
                    say("250-mail.test")
                    say("250 STARTTLS")
                else:
                    say("250-mail.test")
                    if self.utf8:
                        say("250-SMTPUTF8")
                    say("250 AUTH PLAIN")
            elif verb == "STARTTLS" and self.secure:
                say("220 go on")
                await writer.drain()
                await writer.start_tls(self.secure)
                is_secure = True
            elif verb == "AUTH":
                say("235 welcome")
            elif verb == "DATA" and answer.startswith("250"):
                say("354 go on")
                await writer.drain()
                body = await reader.readuntil(b"\r\n.\r\n")
                policy = email.policy.default
                mail = email.message_from_bytes(body[:-3], _class=EmailMessage, policy=policy)
                self.mails.append(mail)
                self.taken.set()
                await self.answering.wait()
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                await writer.drain()
                return
            else:
                if verb == "RCPT" and answer.startswith("250"):
                    recipient = line.partition("<")[2].partition(">")[0]
                    if recipient == self.breaks_at:
                        return
                    self.recipients.append(recipient)
                say(answer)
            await writer.drain()


@asynccontextmanager
async def mail_server(
    secure: ssl.SSLContext | None = None, *, from_the_start: bool = False
) -> AsyncIterator[MailServer]:
    """A mail server on a free port of loopback while the block runs."""
    made = MailServer(None if from_the_start else secure)
    made.answering.set()
    server = await asyncio.start_server(
        made.serve, "127.0.0.1", 0, ssl=secure if from_the_start else None
    )
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
