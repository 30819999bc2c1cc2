"""The lines of a session description (RFC 8866) as a server wrote it, without corrections or
checks.
"""

from dataclasses import dataclass, field


@dataclass
class Media:
    """One m-section: the words of its m-line and the lines after it."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    lines: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """Return the values of an attribute; "" for one without a value."""
        return _values(self.lines, name)

    def has(self, name: str) -> bool:
        """Return whether the section has this attribute."""
        return bool(self.values(name))


@dataclass
class Description:
    """The lines before all sections, and the sections."""

    lines: list[str]
    media: list[Media]

    def values(self, name: str) -> list[str]:
        """Return the values of a session-level attribute."""
        return _values(self.lines, name)

    def of(self, section: Media, name: str) -> list[str]:
        """Return the values of an attribute that a section has or inherits."""
        return section.values(name) or self.values(name)

    def everywhere(self, name: str) -> list[str]:
        """Return the values of an attribute at all levels."""
        return self.values(name) + [value for each in self.media for value in each.values(name)]

    def bundles(self) -> list[list[str]]:
        """Return the mids of each BUNDLE group."""
        groups = [value.split() for value in self.values("group")]
        return [words[1:] for words in groups if words and words[0] == "BUNDLE"]


def parse(text: str) -> Description:
    """Parse a description or an ICE fragment. Raises ValueError for an invalid m-line."""
    described = Description([], [])
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            words = line[2:].split()
            if len(words) < 4:
                raise ValueError(f"{line!r} is not an m-line")
            port = words[1].partition("/")[0]
            if not port.isdecimal():
                raise ValueError(f"{line!r} has no port")
            described.media.append(Media(words[0], int(port), words[2], words[3:]))
        elif line:
            (described.media[-1] if described.media else described).lines.append(line)
    return described


def _values(lines: list[str], name: str) -> list[str]:
    found = []
    for line in lines:
        if line == f"a={name}":
            found.append("")
        elif line.startswith(f"a={name}:"):
            found.append(line[len(name) + 3 :].strip())
    return found
