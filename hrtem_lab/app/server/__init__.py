"""How pages reach readers: settings, servers, kernels, page template. It imports neither kit nor pages."""
