//! Names the characters that may stand in no name, comment or value that others read: nobody sees them, or they change
//! what is seen beside them. Whatever was stored before is read as it is.

/// Says whether a terminal obeys a character, or shows nothing for it: the control characters (C0, C1), Unicode's
/// general category Cf, its two separators of lines and paragraphs, and its fillers.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            // Soft hyphen, grapheme joiner, marks of Arabic, Syriac and Mongolian numbers and direction.
            0xAD | 0x34F | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x180B..=0x180F
            // Fillers of Hangul, which are blank letters.
            | 0x115F..=0x1160 | 0x3164 | 0xFFA0
            // Zero width and direction; separators, embeddings and overrides; invisible operators, isolates.
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
            // Byte order mark, interlinear annotation; Kaithi, Egyptian, shorthand, music.
            | 0xFEFF | 0xFFF9..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            // Tags, and selectors that carry hidden bytes.
            | 0xE0000..=0xE0FFF)
}
