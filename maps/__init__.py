"""How it is seen: folium pages, styles, legends, tiles."""
