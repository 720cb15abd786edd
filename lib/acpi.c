// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Builds the ACPI tables of a spawn; see acpi.h.
 *
 * Section numbers are those of ACPI 6.5.  What each value makes Linux do was
 * read in, and seen on, 6.1, 6.12 and 7.2.
 */
#include "acpi.h"

#include <multikernel/wire.h>

#include "aml.h"

#define HEADER_BYTES	36 /* 5.2.6, System Description Table Header */
#define HEADER_LENGTH	4
#define HEADER_CHECKSUM 9
#define RSDP_BYTES	36
#define XSDT_ENTRIES	2
#define TABLE_ALIGN	64

/* 5.2.9, Fixed ACPI Description Table, revision 6.5. */
#define FADT_BYTES	   276
#define FADT_BOOT_FLAGS	   109
#define FADT_FLAGS	   112
#define FADT_RESET_REG	   116
#define FADT_RESET_VALUE   128
#define FADT_MINOR	   131
#define FADT_X_DSDT	   140
#define FADT_SLEEP_CONTROL 244
#define FADT_SLEEP_STATUS  256

/*
 * 5.2.9.3: neither VGA nor a CMOS clock may be probed.  No 8042 (bit 1 clear)
 * and no legacy devices (bit 0 clear).
 */
#define BOOT_NO_VGA  (1U << 2)
#define BOOT_NO_CMOS (1U << 5)

/* 5.2.9, table 5.10. */
#define FLAG_WBINVD	   (1U << 0)
#define FLAG_PWR_BUTTON	   (1U << 4) /* no fixed power button */
#define FLAG_SLP_BUTTON	   (1U << 5) /* no fixed sleep button */
#define FLAG_RESET_REG	   (1U << 10)
#define FLAG_APIC_PHYSICAL (1U << 19) /* else 6.1 uses logical ids: H2 */
#define FLAG_HW_REDUCED	   (1U << 20)

/* 5.2.12, Multiple APIC Description Table. */
#define MADT_BYTES	   44
#define MADT_REVISION	   5 /* the first whose entries may be online-capable */
#define MADT_LAPIC	   0
#define MADT_IOAPIC	   1
#define MADT_X2APIC	   9
#define CPU_ENABLED	   1
#define CPU_ONLINE_CAPABLE 2
#define LAPIC_ADDRESS	   0xfee00000U

static int fail(struct mk_acpi *acpi, struct mk_error *err, int code,
		const char *text)
{
	acpi->state = MK_ACPI_FAILED;
	acpi->failure = code;
	return mk_fail(err, code, "ACPI tables: %s", text);
}

static int no_space(struct mk_acpi *acpi, struct mk_error *err)
{
	return fail(acpi, err, MK_E_NOSPACE, "the buffer is too small");
}

static int expect(struct mk_acpi *acpi, enum mk_acpi_state state,
		  struct mk_error *err)
{
	if (acpi->state == state)
		return 0;
	if (acpi->state == MK_ACPI_FAILED)
		return mk_fail(err, acpi->failure,
			       "ACPI tables: an earlier step failed");
	return fail(acpi, err, MK_E_STATE, "built in the wrong order");
}

/* Start a table; its signature, length and checksum come with seal(). */
static size_t table(struct mk_acpi *acpi, uint8_t revision)
{
	struct mk_writer *w = &acpi->writer;
	size_t at;

	mk_writer_align(w, TABLE_ALIGN);
	at = w->at;
	mk_writer_take(w, 8);
	mk_writer_u8(w, revision);
	mk_writer_u8(w, 0);
	mk_writer_put(w, MK_ACPI_OEM_ID, 6);
	mk_writer_put(w, MK_ACPI_OEM_TABLE_ID, 8);
	mk_writer_u32(w, 1); /* OEM revision */
	mk_writer_put(w, "MKRN", 4); /* creator */
	mk_writer_u32(w, 1);
	return at;
}

static void end_table(struct mk_acpi *acpi, size_t at)
{
	struct mk_writer *w = &acpi->writer;

	if (!w->over)
		mk_store(w->bytes + at + HEADER_LENGTH, w->at - at, 4);
}

static uint8_t checksum(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	while (length--)
		sum += *bytes++;
	return (uint8_t)-sum;
}

static void seal(struct mk_acpi *acpi, size_t at, const char signature[4])
{
	uint8_t *bytes = acpi->writer.bytes + at;
	size_t length = bytes[4] | bytes[5] << 8 | (size_t)bytes[6] << 16;

	memcpy(bytes, signature, 4);
	bytes[HEADER_CHECKSUM] = checksum(bytes, length);
}

int mk_acpi_begin(struct mk_acpi *acpi, void *buffer, size_t size,
		  uint64_t base, struct mk_error *err)
{
	*acpi = (struct mk_acpi){ .writer = mk_writer(buffer, size),
				  .base = base };
	if (!buffer || base & 15 || base + size < base)
		return fail(acpi, err, MK_E_CALL, "a bad buffer");
	mk_writer_take(&acpi->writer, RSDP_BYTES);
	mk_writer_align(&acpi->writer, TABLE_ALIGN);
	acpi->xsdt = table(acpi, 1);
	mk_writer_take(&acpi->writer, 8 * XSDT_ENTRIES);
	end_table(acpi, acpi->xsdt);
	if (acpi->writer.over)
		return no_space(acpi, err);
	acpi->state = MK_ACPI_BEGUN;
	return 0;
}

/*
 * 16.1.3, \_Sx: the value for SLP_TYP of both registers, and two reserved
 * elements.
 */
static void sleep_state(struct mk_aml *aml, const char name[4], uint8_t type)
{
	mk_aml_name(aml, name);
	mk_aml_package(aml, 4);
	mk_aml_integer(aml, type);
	mk_aml_integer(aml, type);
	mk_aml_integer(aml, 0);
	mk_aml_integer(aml, 0);
	mk_aml_end(aml);
}

int mk_acpi_dsdt(struct mk_acpi *acpi, uint64_t handoff, struct mk_error *err)
{
	struct mk_aml aml = mk_aml(&acpi->writer);
	int ret = expect(acpi, MK_ACPI_BEGUN, err);

	if (ret)
		return ret;
	if (handoff > UINT64_MAX - MKW_HANDOFF_BYTES)
		return fail(acpi, err, MK_E_CALL, "a bad hand-off page");
	acpi->dsdt = table(acpi, 2);
	sleep_state(&aml, "_S3_", MKW_SLEEP_TYPE_S3);
	sleep_state(&aml, "_S5_", MKW_SLEEP_TYPE_S5);
	mk_aml_scope(&aml, "_SB_");
	mk_aml_device(&aml, "MKRN");
	mk_aml_name(&aml, "_HID");
	mk_aml_string(&aml, MK_ACPI_DEVICE_ID);
	mk_aml_name(&aml, "_UID");
	mk_aml_integer(&aml, 0);
	mk_aml_name(&aml, "_STA");
	mk_aml_integer(&aml, 0x0f); /* 6.3.7: present, enabled, shown, fine */
	mk_aml_name(&aml, "_CRS");
	mk_aml_memory_resource(&aml, handoff, MKW_HANDOFF_BYTES);
	mk_aml_end(&aml);
	mk_aml_end(&aml);
	end_table(acpi, acpi->dsdt);
	if (acpi->writer.over)
		return no_space(acpi, err);
	acpi->state = MK_ACPI_HAS_DSDT;
	return 0;
}

/* 5.2.3.2, Generic Address Structure: one byte of memory. */
static void memory_byte(uint8_t *gas, uint64_t address)
{
	gas[0] = 0; /* system memory */
	gas[1] = 8; /* bits */
	gas[2] = 0;
	gas[3] = 1; /* accessed as a byte */
	mk_store(gas + 4, address, 8);
}

int mk_acpi_fadt(struct mk_acpi *acpi, uint64_t handoff, struct mk_error *err)
{
	int ret = expect(acpi, MK_ACPI_HAS_DSDT, err);
	uint8_t *fadt;

	if (ret)
		return ret;
	if (handoff > UINT64_MAX - MKW_HANDOFF_BYTES)
		return fail(acpi, err, MK_E_CALL, "a bad hand-off page");
	acpi->fadt = table(acpi, 6);
	mk_writer_take(&acpi->writer, FADT_BYTES - HEADER_BYTES);
	end_table(acpi, acpi->fadt);
	if (acpi->writer.over)
		return no_space(acpi, err);
	fadt = acpi->writer.bytes + acpi->fadt;
	mk_store(fadt + FADT_BOOT_FLAGS, BOOT_NO_VGA | BOOT_NO_CMOS, 2);
	mk_store(fadt + FADT_FLAGS,
		 FLAG_WBINVD | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON |
			 FLAG_RESET_REG | FLAG_APIC_PHYSICAL | FLAG_HW_REDUCED,
		 4);
	fadt[FADT_MINOR] = 5;
	/* The 32-bit DSDT and both FACS addresses stay zero (5.2.9). */
	mk_store(fadt + FADT_X_DSDT, acpi->base + acpi->dsdt, 8);

	/*
	 * Only for someone who forces reboot=a: the write is seen by the host,
	 * but after 15 ms Linux goes on to ways that reset the machine
	 * (drivers/acpi/reboot.c:acpi_reboot), which is why the EFI runtime
	 * is what resets a spawn.
	 */
	memory_byte(fadt + FADT_RESET_REG, handoff + MKW_HANDOFF_RESET);
	fadt[FADT_RESET_VALUE] = MKW_RESET_COLD;

	/* 4.8.3.7; one byte for both, see wire.h. */
	memory_byte(fadt + FADT_SLEEP_CONTROL, handoff + MKW_HANDOFF_SLEEP);
	memory_byte(fadt + FADT_SLEEP_STATUS, handoff + MKW_HANDOFF_SLEEP);
	acpi->state = MK_ACPI_HAS_FADT;
	return 0;
}

/* 5.2.12.2 and 5.2.12.12.  Types are never mixed: 6.12 would skip some. */
static void cpu_entry(struct mk_writer *w, bool x2apic, uint32_t uid,
		      uint32_t apic_id, uint32_t flags)
{
	if (x2apic) {
		mk_writer_u8(w, MADT_X2APIC);
		mk_writer_u8(w, 16);
		mk_writer_u16(w, 0);
		mk_writer_u32(w, apic_id);
		mk_writer_u32(w, flags);
		mk_writer_u32(w, uid);
	} else {
		mk_writer_u8(w, MADT_LAPIC);
		mk_writer_u8(w, 8);
		mk_writer_u8(w, (uint8_t)uid);
		mk_writer_u8(w, (uint8_t)apic_id);
		mk_writer_u32(w, flags);
	}
}

static bool ids_are_sane(const struct mk_acpi_cpus *cpus)
{
	uint32_t highest = cpus->x2apic ? UINT32_MAX - 1 : 0xfe;
	unsigned int i, j;

	if (cpus->real_bsp > highest)
		return false;
	for (i = 0; i < cpus->nr; i++) {
		if (cpus->apic_ids[i] > highest ||
		    cpus->apic_ids[i] == cpus->real_bsp)
			return false;
		for (j = 0; j < i; j++)
			if (cpus->apic_ids[j] == cpus->apic_ids[i])
				return false;
	}
	return true;
}

int mk_acpi_madt(struct mk_acpi *acpi, const struct mk_acpi_cpus *cpus,
		 struct mk_error *err)
{
	struct mk_writer *w = &acpi->writer;
	int ret = expect(acpi, MK_ACPI_HAS_FADT, err);
	unsigned int i;

	if (ret)
		return ret;
	if (!cpus->nr || !cpus->apic_ids || (cpus->x2apic && cpus->ioapic))
		return fail(acpi, err, MK_E_CALL, "a bad list of CPUs");
	acpi->madt = table(acpi, MADT_REVISION);
	mk_writer_u32(w, LAPIC_ADDRESS);
	mk_writer_u32(w, 0); /* no 8259s */
	cpu_entry(w, cpus->x2apic, 0, cpus->real_bsp, CPU_ONLINE_CAPABLE);
	for (i = 0; i < cpus->nr && !w->over; i++)
		cpu_entry(w, cpus->x2apic, i + 1, cpus->apic_ids[i],
			  CPU_ENABLED);
	if (cpus->ioapic) { /* 5.2.12.3 */
		mk_writer_u8(w, MADT_IOAPIC);
		mk_writer_u8(w, 12);
		mk_writer_u8(w, MK_ACPI_IOAPIC_ID);
		mk_writer_u8(w, 0);
		mk_writer_u32(w, cpus->ioapic);
		mk_writer_u32(w, 0); /* its first interrupt */
	}
	end_table(acpi, acpi->madt);
	if (w->over)
		return no_space(acpi, err);
	if (!ids_are_sane(cpus))
		return fail(acpi, err, MK_E_CALL, "a bad or repeated APIC id");
	acpi->state = MK_ACPI_HAS_MADT;
	return 0;
}

int mk_acpi_finish(struct mk_acpi *acpi, uint64_t *rsdp, size_t *length,
		   struct mk_error *err)
{
	uint8_t *bytes = acpi->writer.bytes;
	int ret = expect(acpi, MK_ACPI_HAS_MADT, err);

	if (ret)
		return ret;
	mk_store(bytes + acpi->xsdt + HEADER_BYTES, acpi->base + acpi->fadt, 8);
	mk_store(bytes + acpi->xsdt + HEADER_BYTES + 8, acpi->base + acpi->madt,
		 8);
	seal(acpi, acpi->dsdt, "DSDT");
	seal(acpi, acpi->fadt, "FACP");
	seal(acpi, acpi->madt, "APIC");
	seal(acpi, acpi->xsdt, "XSDT");

	/* 5.2.5.3; the first checksum covers what ACPI 1.0 knew. */
	memcpy(bytes, "RSD PTR ", 8);
	memcpy(bytes + 9, MK_ACPI_OEM_ID, 6);
	bytes[15] = 2; /* revision */
	mk_store(bytes + 20, RSDP_BYTES, 4);
	mk_store(bytes + 24, acpi->base + acpi->xsdt, 8);
	bytes[8] = checksum(bytes, 20);
	bytes[32] = checksum(bytes, RSDP_BYTES);

	*rsdp = acpi->base;
	*length = acpi->writer.at;
	acpi->state = MK_ACPI_FINISHED;
	return 0;
}
