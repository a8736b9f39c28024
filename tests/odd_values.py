"""What users and scripts put behind an option, by mistake or on purpose."""

from hypothesis import strategies as st

#: Texts; some are a value of one type or another.
ODD = (
    *("", " ", "\t", "-", "--", "-1", "+1", "0", "1.0", "1e3", "0x10", "1_0", "٣", "½", "1e-320"),
    *("9" * 20, "9" * 5000, f"-{'9' * 5000}", f"0.{'9' * 5000}", "1e400", "-1e400", "nan", "-inf"),
    *("inf", "NaN", "true", "None", "1%", "101%", "%", "9" * 5000 + "%", "1,5"),
    *("~", "~nouser", "~nouser/x", "/", "//", ".", "..", "a/../../..", "a" * 300, "a" * 5000),
    *("/".join(["a"] * 3000), "\0", "a\0b", "a\nb", "a\rb", "\x1b[31m", "\ud800", "\udcff", "é"),
    *("🙂", "\u202e", "*", "[", "$HOME", "'", "%s", "{}", "\\", "org/name@", "@", "a b"),
    *("/dev/null", "/dev/full", "/proc/none/x"),
)
#: These, and others of their kinds.
odd_texts = (
    st.sampled_from(ODD)
    | st.text(max_size=20)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.from_regex(r"[~./a-]{1,12}", fullmatch=True)
)
