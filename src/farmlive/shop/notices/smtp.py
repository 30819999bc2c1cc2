"""Notices by e-mail, submitted to a mail server by SMTP (RFC 5321) over TLS.

If the server is killed before it records a submission, it submits the mail again with the same
Message-ID: mailboxes that check it show the mail once.
"""

import contextlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from farmlive.shop.notices.providers import (
    Notice,
    NoticeDeferred,
    NoticeRejected,
    ProviderUnavailable,
)

# For each reply of the mail server; all of them together end before the notice's lease does.
TIMEOUT_S = 6
PORTS = {"smtp": 587, "smtps": 465}
_HERE = ("localhost", "127.0.0.1", "::1")
_MANY = 100  # mails per connection


class Mail:
    """The provider `smtp`.

    The scheme of the URL says how the connection is encrypted: `smtps` from its start, `smtp` by
    STARTTLS, which the server must offer unless it is on this machine.
    """

    name = "smtp"
    at_once = 1
    together = 1

    def __init__(self, url: str, sender: str):
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "localhost"
        self._port = parts.port or PORTS[self._scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._address = parseaddr(sender)[1]
        self._server: smtplib.SMTP | None = None
        self._carried = 0

    def can_reach(self, person: str) -> bool:
        """Return whether it is an e-mail address."""
        return "@" in person

    def send(self, *notices: Notice) -> None:
        """Submit the mail. Raises ProviderUnavailable, NoticeDeferred, NoticeRejected."""
        (notice,) = notices
        person = _encode_address(notice.person)
        mail = self._mail(notice, person)
        server = self._connected()
        try:
            server.send_message(mail, self._address, [person])
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = error.recipients[person]
            self._reset(server)
            raise _refused(code) from error
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            self._reset(server)
            if isinstance(error, smtplib.SMTPSenderRefused):
                raise ProviderUnavailable(
                    f"the sender was not taken ({error.smtp_code})"
                ) from error
            raise _refused(error.smtp_code) from error
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            self._reset(server)
            raise NoticeRejected(
                "the address has other letters than ASCII, for which the mail server would have to "
                "offer SMTPUTF8"
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise ProviderUnavailable(_describe_error(error)) from error
        self._carried += 1

    def close(self) -> None:
        """Quit the connection to the mail server."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _mail(self, notice: Notice, person: str) -> EmailMessage:
        mail = EmailMessage()
        domain = self._address.rpartition("@")[2]
        try:
            mail["From"] = self._sender
            mail["To"] = person
            mail["Subject"] = notice.text.subject
            mail["Message-ID"] = f"<{notice.id}@{domain}>"
            mail["Date"] = format_datetime(datetime.fromtimestamp(notice.at / 1000, UTC))
            mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents vacation replies
            mail.set_content(notice.text.text, charset="utf-8", cte="base64")
        except ValueError as error:  # an address that no header may hold
            raise NoticeRejected("the address can't be written to") from error
        return mail

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server is not None and self._carried < _MANY:
            try:
                if server.noop()[0] == 250:
                    return server
            except (OSError, smtplib.SMTPException):
                pass
        self.close()
        try:
            self._server = self._open()
        except (OSError, smtplib.SMTPException) as error:
            raise ProviderUnavailable(_describe_error(error)) from error
        self._carried = 0
        return self._server

    def _open(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            server.ehlo()
            if self._scheme == "smtp" and (server.has_extn("starttls") or not self._is_here):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    @property
    def _is_here(self) -> bool:
        return self._host in _HERE

    def _reset(self, server: smtplib.SMTP) -> None:
        """Reset the connection for the next mail, or close it."""
        try:
            server.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


def _encode_address(person: str) -> str:
    """Return the address with its domain as A-labels (RFC 5890). Raises NoticeRejected."""
    name, _, domain = person.rpartition("@")
    if parseaddr(person)[1] != person:  # a comment is no part of the address
        raise NoticeRejected("the address can't be written to")
    try:
        return f"{name}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise NoticeRejected("the address can't be written to") from error


def _refused(code: int) -> NoticeDeferred | NoticeRejected:
    """Map a reply code (RFC 5321, section 4.2.1): 4yz is temporary, 5yz permanent."""
    kind = NoticeRejected if code >= 500 else NoticeDeferred
    return kind(f"the mail server said {code}")


def _describe_error(error: Exception) -> str:
    """Describe an error without the server's text, which may repeat an address."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server said {error.smtp_code}"
    return getattr(error, "strerror", None) or type(error).__name__
