[000h 0000   4]                    Signature : "APIC"    [Multiple APIC Description Table (MADT)]
[004h 0004   4]                 Table Length : 0000006C
[008h 0008   1]                     Revision : 05
[009h 0009   1]                     Checksum : 9E
[00Ah 0010   6]                       Oem ID : "MKERNL"
[010h 0016   8]                 Oem Table ID : "MULTIKRN"
[018h 0024   4]                 Oem Revision : 00000001
[01Ch 0028   4]              Asl Compiler ID : "MKRN"
[020h 0032   4]        Asl Compiler Revision : 00000001
[024h 0036   4]           Local Apic Address : FEE00000
[028h 0040   4]        Flags (decoded below) : 00000000
                         PC-AT Compatibility : 0

[02Ch 0044   1]                Subtable Type : 09 [Processor Local x2APIC]
[02Dh 0045   1]                       Length : 10
[02Eh 0046   2]                     Reserved : 0000
[030h 0048   4]          Processor x2Apic ID : 00000000
[034h 0052   4]        Flags (decoded below) : 00000002
                           Processor Enabled : 0
[038h 0056   4]                Processor UID : 00000000

[03Ch 0060   1]                Subtable Type : 09 [Processor Local x2APIC]
[03Dh 0061   1]                       Length : 10
[03Eh 0062   2]                     Reserved : 0000
[040h 0064   4]          Processor x2Apic ID : 00000005
[044h 0068   4]        Flags (decoded below) : 00000001
                           Processor Enabled : 1
[048h 0072   4]                Processor UID : 00000001

[04Ch 0076   1]                Subtable Type : 09 [Processor Local x2APIC]
[04Dh 0077   1]                       Length : 10
[04Eh 0078   2]                     Reserved : 0000
[050h 0080   4]          Processor x2Apic ID : 00000004
[054h 0084   4]        Flags (decoded below) : 00000001
                           Processor Enabled : 1
[058h 0088   4]                Processor UID : 00000002

[05Ch 0092   1]                Subtable Type : 09 [Processor Local x2APIC]
[05Dh 0093   1]                       Length : 10
[05Eh 0094   2]                     Reserved : 0000
[060h 0096   4]          Processor x2Apic ID : 00000104
[064h 0100   4]        Flags (decoded below) : 00000001
                           Processor Enabled : 1
[068h 0104   4]                Processor UID : 00000003

