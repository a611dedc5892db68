"""The kinds of files in the table of docs/formats.md, each built in code and read beside a second reader."""
