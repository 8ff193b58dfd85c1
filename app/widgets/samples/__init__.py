"""The parts of the Samples page: what is asked about, filters, the sheet of thumbnails, one sample, the panels."""

from app.address import Address
from app.samples_address import read, written
from app.samples_choice import Choice

PAGE: Address[Choice] = Address("samples", read, written)
