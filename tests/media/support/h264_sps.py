"""H.264 sequence parameter sets: those of encoders, and a writer of any."""

# As x264 writes them for a picture of 330x186.
BASELINE = bytes.fromhex("6742c00dd901519e4930110000030001000003003c0f142a48")
MAIN_WITH_B = bytes.fromhex("674d400deca0a8cf24980880000003008000001e078a14cb")
HIGH = bytes.fromhex("6764000dacb202a33c926022000003000200000300781e285490")
HIGH_10 = bytes.fromhex("676e000da6cb202a33c9260220000003002000000781e28549")


class Writer:
    """Writes bits as H.264 has them."""

    def __init__(self) -> None:
        self.bits = ""

    def put(self, value: int, count: int) -> None:
        self.bits += f"{value:0{count}b}" if count else ""

    def unsigned(self, value: int) -> None:
        digits = f"{value + 1:b}"
        self.bits += "0" * (len(digits) - 1) + digits

    def signed(self, value: int) -> None:
        self.unsigned(2 * value - 1 if value > 0 else -2 * value)

    def unit(self) -> bytes:
        """The bytes, with their stop bit and with emulation prevention (7.4.1)."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        out = bytearray()
        for at in range(0, len(bits), 8):
            byte = int(bits[at : at + 8], 2)
            if byte <= 3 and out[-2:] == b"\x00\x00":
                out.append(3)
            out.append(byte)
        return bytes(out)
