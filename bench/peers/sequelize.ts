/** Sequelize with sequelize-simple-cache over its models. */
import { DataTypes, Op, Sequelize } from 'sequelize'
import SequelizeSimpleCache from 'sequelize-simple-cache'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'

export async function open({ url, capacity }: PeerOptions): Promise<Peer> {
  const sequelize = new Sequelize(url, { dialect: 'mysql', logging: false, pool: { max: 10 } })
  const options = { freezeTableName: true, timestamps: false }
  const cities = sequelize.define(
    'city',
    {
      id: { type: DataTypes.INTEGER.UNSIGNED, primaryKey: true },
      slug: { type: DataTypes.STRING(20), unique: true },
      country_code: DataTypes.CHAR(2),
      position: DataTypes.INTEGER.UNSIGNED,
      name: DataTypes.STRING(200),
      admin_code: DataTypes.STRING(20),
      feature_code: DataTypes.STRING(10),
      population: DataTypes.INTEGER.UNSIGNED,
    },
    options,
  )
  const countries = sequelize.define(
    'country',
    {
      code: { type: DataTypes.CHAR(2), primaryKey: true },
      alpha3: DataTypes.CHAR(3),
      name: DataTypes.STRING(100),
      native_name: DataTypes.STRING(100),
      capital: DataTypes.STRING(100),
      continent: DataTypes.CHAR(2),
    },
    options,
  )
  const forever = { ttl: 0, limit: capacity }
  // Declared as an ES module, it is a CommonJS one.
  const SimpleCache = SequelizeSimpleCache as unknown as typeof SequelizeSimpleCache.default
  const cache = new SimpleCache({ city: forever, country: forever })
  const City = cache.init(cities)
  const Country = cache.init(countries)
  const lookups: Lookups = {
    city: (id) => City.findByPk(id),
    cityBySlug: (slug) => City.findOne({ where: { slug } }),
    country: (code) => Country.findByPk(code),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) => City.findAll({ where: { id: { [Op.in]: [...ids] } } }),
    async restart() {
      cache.clear()
    },
    preload: () => cities.findAll(),
    close: () => sequelize.close(),
  }
}
