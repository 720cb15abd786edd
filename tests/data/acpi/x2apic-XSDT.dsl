[000h 0000   4]                    Signature : "XSDT"    [Extended System Description Table]
[004h 0004   4]                 Table Length : 00000034
[008h 0008   1]                     Revision : 01
[009h 0009   1]                     Checksum : 8A
[00Ah 0010   6]                       Oem ID : "MKERNL"
[010h 0016   8]                 Oem Table ID : "MULTIKRN"
[018h 0024   4]                 Oem Revision : 00000001
[01Ch 0028   4]              Asl Compiler ID : "MKRN"
[020h 0032   4]        Asl Compiler Revision : 00000001
[024h 0036   8]       ACPI Table Address   0 : 0000000140002140
[02Ch 0044   8]       ACPI Table Address   1 : 0000000140002280

