import { z } from 'zod';

/** The longest free text, such as a description or a commit message, in UTF-16 units. */
export const TEXT_LENGTH_MAX = 65_536;

/** Free text. U+0000 is refused: not every database can hold it. */
export const freeText = z
  .string()
  .max(TEXT_LENGTH_MAX)
  .refine((text) => !text.includes('\u0000'), 'the text holds the character U+0000');

/** Free text by which things are found again, such as a key or a path. */
export const keyText = freeText.max(8_192);
