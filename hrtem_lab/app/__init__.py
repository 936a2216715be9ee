"""The course as web pages: a kit, the pages made of it, and the servers that deliver them."""
