// Reads CSV as RFC 4180 has it, which is how the app writes rejects.

// The records of a text. `whole`: the text ends with its last record; else what follows the last line end is left out,
// because it may have been cut.
export function parseCsv(text, whole) {
  const records = [];
  let record = [], field = "", quoted = false;
  const endField = () => { record.push(field); field = ""; };
  const endRecord = () => { endField(); records.push(record); record = []; };
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[index + 1] === '"') field += text[++index];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ",") endField();
    else if (letter === "\n") endRecord();
    else if (letter !== "\r") field += letter;
  }
  if (whole && (field || record.length)) endRecord();
  return records;
}
