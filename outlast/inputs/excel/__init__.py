"""Reads workbooks: .xlsx, .xlsb and .ods, one sheet, row by row, in memory that does not grow with the sheet."""
