"""What a test reads of an ELF file for 64 bits: its segments, its dynamic section, its imports.

System V ABI, gABI chapters 4 and 5; PT_GNU_RELRO by the Linux Standard Base.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

PT_LOAD, PT_DYNAMIC = 1, 2
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
DT_NULL, DT_STRTAB, DT_SYMTAB, DT_BIND_NOW = 0, 5, 6, 24
DT_FLAGS, DT_FLAGS_1, DT_TEXTREL = 30, 0x6FFFFFFB, 22
DF_BIND_NOW, DF_1_NOW = 0x8, 0x1
PF_X, PF_W = 1, 2
SHT_DYNSYM = 11


@dataclass(frozen=True)
class Segment:
    """One program header, of what a test asks."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int


class Elf:
    """An ELF file, read whole."""

    def __init__(self, path: Path):
        self._data = data = path.read_bytes()
        assert data[:5] == b"\x7fELF\x02", "an ELF file of 64 bits"
        self._order = "<" if data[5] == 1 else ">"
        (headers, sections) = self._unpack("QQ", 32)
        (size, count, section_size, section_count) = self._unpack("HHHH", 54)
        self.segments = []
        for number in range(count):
            kind, flags, offset, address, _, length = self._unpack(
                "IIQQQQ", headers + number * size
            )
            self.segments.append(Segment(kind, flags, offset, address, length))
        self.dynamic = self._dynamic()
        self.imports = self._imports(sections, section_size, section_count)

    @property
    def binds_now(self) -> bool:
        """Whether all addresses are bound when the file is loaded."""
        return (
            DT_BIND_NOW in self.dynamic
            or bool(self.dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW)
            or bool(self.dynamic.get(DT_FLAGS_1, 0) & DF_1_NOW)
        )

    def has(self, kind: int) -> bool:
        """Whether there is such a segment."""
        return any(segment.kind == kind for segment in self.segments)

    def _unpack(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + form, self._data, at)

    def _dynamic(self) -> dict[int, int]:
        found = {}
        for segment in self.segments:
            if segment.kind == PT_DYNAMIC:
                for at in range(segment.offset, segment.offset + segment.size, 16):
                    tag, value = self._unpack("QQ", at)
                    if tag == DT_NULL:
                        break
                    found[tag] = value
        return found

    def _imports(self, sections: int, size: int, count: int) -> set[str]:
        """The names of what the file takes from elsewhere."""
        found = set()
        for number in range(count):
            at = sections + number * size
            _, kind, _, _, offset, length = self._unpack("IIQQQQ", at)
            (link,) = self._unpack("I", at + 40)
            if kind != SHT_DYNSYM:
                continue
            (names,) = self._unpack("Q", sections + link * size + 24)
            for symbol in range(offset, offset + length, 24):
                name, _, _, defined_in = self._unpack("IBBH", symbol)
                if defined_in == 0 and name:
                    end = self._data.index(b"\0", names + name)
                    found.add(self._data[names + name : end].decode())
        return found
